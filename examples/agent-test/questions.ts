/** What the agent is asked, when its answers are recorded and in its tests. */
export const questions = {
  gauge: 'What does the gauge at Saltholm say?',
  overloaded: 'demo: overloaded',
  cut: 'demo: cut',
};

/** The tool, without a river. */
export function readGauge(place: string): string {
  return `${place}: 2.10 m, rising`;
}
