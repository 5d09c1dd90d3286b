/** By names without `SIG`: signal(7), the numbers of x86 and arm64, which are the guest's. A host may have others. */
export const signalNumbers: Readonly<Record<string, number>> = Object.fromEntries(
  (
    'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU ' +
    'XFSZ VTALRM PROF WINCH IO PWR SYS'
  )
    .split(' ')
    .map((name, index) => [name, index + 1]),
);
