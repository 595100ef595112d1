/**
 * Returns a function that hands events to `handle`, one after another. An event that arises during
 * another one waits: the actions of the first are performed, in order, before the next is handled.
 */
export function inTurn<Event>(handle: (event: Event) => void): (event: Event) => void {
  const waiting: Event[] = [];
  let isHandling = false;
  return (event) => {
    waiting.push(event);
    if (isHandling) return;
    isHandling = true;
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) handle(next);
    } finally {
      isHandling = false;
    }
  };
}
