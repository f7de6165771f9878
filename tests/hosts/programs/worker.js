// A worker at the edge: a request names a program, the response says what came of it.
import { programs } from "./programs.js";

export default {
  async fetch(request) {
    const { program, options } = await request.json();
    const said = [];
    console.log = (...words) => said.push(words.map((word) => JSON.stringify(word)).join(" "));
    try {
      const { default: main } = await programs[program]();
      return Response.json({ value: (await main?.(options)) ?? null, said: said.join("\n") });
    } catch (error) {
      return Response.json({ error: `${error?.name}: ${error?.message}` });
    }
  },
};
