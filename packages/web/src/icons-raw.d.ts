/** Icons as they are written; the rest of `~icons` are components. */
declare module '~icons/fluent-emoji-flat/*?raw' {
  const svg: string;
  export default svg;
}
