// Rows as text.

/** Which host the rows that follow are of. */
export function headOf({ host, binary, versions, absent }) {
  const peers = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const missing = Object.entries(absent).map(([name, reason]) => `${name} cannot run here: ${reason}`);
  return [`\n${binary}, Node ${host}, beside ${peers.join(", ")}`, ...missing].join("\n");
}

export function lineOf({ work, shape, unit, ours, peers, spread, ratio, peak, share }) {
  const shown = (name, value) => {
    const [least, most] = spread[name].map(figure);
    return `${name} ${figure(value)} (${least}–${most})`;
  };
  const columns = [shown("ours", ours), ...Object.entries(peers).map(([name, value]) => shown(name, value))];
  if (peak !== undefined) columns.push(`peak ${figure(peak)}, of which ${Math.round(share * 100)} %`);
  if (ratio !== null) columns.push(`ratio ${ratio.toFixed(2)}`);
  return `${`${work} ${shape.join("×")}`.padEnd(36)} ${columns.join("   ")}   ${unit}`;
}

/** Three digits. */
export const figure = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
