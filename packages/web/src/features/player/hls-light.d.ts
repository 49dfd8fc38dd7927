/** hls.js without subtitles, other sound tracks, encryption and advertisements; it has the types of the whole. */
declare module 'hls.js/light' {
  export { default } from 'hls.js';
}
