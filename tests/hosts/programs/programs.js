// All that is run in a host, each loaded when it is asked for.
export const programs = {
  startup: () => import("./startup.js"),
  visit: () => import("./visit.js"),
  bits: () => import("./bits.js"),
  quadrants: () => import("./quadrants.js"),
  digits: () => import("./digits.js"),
};
