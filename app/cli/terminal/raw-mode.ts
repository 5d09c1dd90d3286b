/** Every key goes to the program in the container; undone at the latest when this process exits. */
export function rawMode(stdin: NodeJS.ReadStream): Disposable {
  const restore = () => {
    if (stdin.isRaw) stdin.setRawMode(false);
  };
  stdin.setRawMode(true);
  process.once('exit', restore);
  return {
    [Symbol.dispose]() {
      process.off('exit', restore);
      restore();
    },
  };
}
