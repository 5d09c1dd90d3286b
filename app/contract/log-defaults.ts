/** Of a container's log where nothing else is asked for, option by option: files of this size, and as many of them. */
export const logDefaults = { maxBytes: 16 * 2 ** 20, maxFiles: 4 } as const;
