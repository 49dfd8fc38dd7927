/** The address of a picture, see `emoji-files.ts`; what is in `~icons` are components. */
declare module '~emoji/*' {
  const url: string;
  export default url;
}
