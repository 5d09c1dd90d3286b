/** How many files virtiofsd can hold open: one for each that the guest's cache knows. Pure. */

/** Less than this is met by one large source tree. Usual sessions have 524288 (systemd-system.conf(5), DefaultLimitNOFILE). */
const ENOUGH = 100_000;

/** The hard limit in the text of /proc/PID/limits (proc_pid_limits(5)); undefined where there is no number. */
export function openFilesLimit(limits: string): number | undefined {
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1];
  return hard === undefined ? undefined : Number(hard);
}

/** A warning where the limit is low; beyond it files of the share cannot be opened, and listings lack them. */
export function openFilesWarning(hostPath: string, limit: number | undefined): string | undefined {
  if (limit === undefined || limit >= ENOUGH) return undefined;
  return (
    `${hostPath}: containers can use ${limit} files of it at once, since this session may open no more ` +
    '("ulimit -Hn"). Raise the limit (limits.conf, "nofile") and log in again.'
  );
}
