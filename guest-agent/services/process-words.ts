/** Times and terminals of processes as ps(1) writes them; times are UTC, as the guest's clock. */

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const pad = (value: number): string => String(Math.floor(value)).padStart(2, '0');

/** Seconds as `00:01:05`. */
export function clock(seconds: number): string {
  return `${pad(seconds / 3600)}:${pad((seconds / 60) % 60)}:${pad(seconds % 60)}`;
}

/** Seconds as `1:05`. */
export function shortClock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${pad(seconds % 60)}`;
}

/** Seconds as `01:05`, `1:01:05` with hours, `2-01:01:05` with days. */
export function elapsed(seconds: number): string {
  const [whole, hours] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24];
  const short = `${pad((seconds / 60) % 60)}:${pad(seconds % 60)}`;
  if (whole > 0) return `${whole}-${pad(hours)}:${short}`;
  return hours > 0 ? `${pad(hours)}:${short}` : short;
}

/** `14:05` today, `Nov24` this year, else the year. */
export function startTime(at: Date, now: Date): string {
  const [then, today] = [at.toISOString(), now.toISOString()];
  if (then.slice(0, 10) === today.slice(0, 10)) return then.slice(11, 16);
  if (at.getUTCFullYear() !== now.getUTCFullYear()) return String(at.getUTCFullYear());
  return `${months[at.getUTCMonth()] ?? ''}${pad(at.getUTCDate())}`;
}

/** `Tue Nov 24 14:05:01 2026`. */
export function longTime(at: Date): string {
  const [day, month] = [days[at.getUTCDay()] ?? '', months[at.getUTCMonth()] ?? ''];
  const date = String(at.getUTCDate()).padStart(2);
  return `${day} ${month} ${date} ${at.toISOString().slice(11, 19)} ${at.getUTCFullYear()}`;
}

/** Of field 7 of /proc/PID/stat. */
export function ttyName(device: number): string {
  if (device === 0) return '?';
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  const ptsMajor = 136;
  return major === ptsMajor ? `pts/${minor}` : `${major}:${minor}`;
}
