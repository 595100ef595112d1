/**
 * Hands `handle` one event after another. An event that comes up while one is handled waits its turn:
 * the actions of the first are performed, in their order, before the next is looked at.
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
