/** Marks a key of the configuration whose value is shown to nobody: `.meta(SECRET)` behind its description. */
export const SECRET = { isSecret: true };
