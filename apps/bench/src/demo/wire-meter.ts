/** Reads the bytes that crossed the near proxy's link sockets, both directions, from its metrics. */
export async function readWireBytes(admin: string): Promise<number> {
  const response = await fetch(new URL('/metrics', admin)).catch((cause: unknown) => {
    throw new Error("the near proxy's metrics cannot be read", { cause });
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the near proxy's metrics answered ${response.status}`);
  return sumMetric(text, 'tp_wire_bytes_total');
}

/** The sum of every series of a counter in Prometheus text. @throws {Error} when there is none. */
export function sumMetric(text: string, name: string): number {
  const values = text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
  if (values.length === 0) throw new Error(`the metrics hold no ${name}`);
  return values.reduce((sum, value) => sum + value, 0);
}
