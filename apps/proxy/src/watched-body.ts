/** Sees a body pass. */
export interface BodyWatch {
  piece(bytes: Uint8Array): void;
  /** Called once. @param whole false when it broke off, or was left before its end. */
  ended(whole: boolean): void;
}

/** The same body, looked at as it passes. */
export function watchedBody(
  body: AsyncIterable<Uint8Array>,
  watch: BodyWatch,
): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const pieces = body[Symbol.asyncIterator]();
      let isOpen = true;
      const end = (whole: boolean): void => {
        if (isOpen) watch.ended(whole);
        isOpen = false;
      };
      return {
        async next() {
          try {
            const piece = await pieces.next();
            if (piece.done === true) end(true);
            else watch.piece(piece.value);
            return piece;
          } catch (error) {
            end(false);
            throw error;
          }
        },
        async return(value: unknown) {
          end(false);
          return (await pieces.return?.(value)) ?? { done: true, value };
        },
      };
    },
  };
}
