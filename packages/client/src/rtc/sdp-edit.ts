/** Appends parameters to a codec's `a=fmtp` lines, in every medium that has the codec; those that are there win. */
export function withCodecParameters(
  sdp: string,
  codec: string,
  parameters: Readonly<Record<string, string | number>>,
): string {
  const types = new Set(
    [...sdp.matchAll(/^a=rtpmap:(\d+) ([^/\r\n]+)/gm)]
      .filter(([, , name]) => name?.toLowerCase() === codec.toLowerCase())
      .map(([, type]) => type),
  );
  const withLine = new Set<string | undefined>();
  const edited = sdp.replaceAll(/^a=fmtp:(\d+) ([^\r\n]*)/gm, (line, type: string, written: string) => {
    if (!types.has(type)) return line;
    withLine.add(type);
    const known = new Set(written.split(';').map((field) => field.split('=')[0]?.trim().toLowerCase()));
    const added = Object.entries(parameters).filter(([name]) => !known.has(name));
    return [line, ...added.map(([name, value]) => `${name}=${value}`)].join(';');
  });
  return edited.replaceAll(/^a=rtpmap:(\d+) [^\r\n]*/gm, (line, type: string) => {
    if (!types.has(type) || withLine.has(type)) return line;
    const fields = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
    return `${line}\r\na=fmtp:${type} ${fields.join(';')}`;
  });
}

/** Asks for two channels of Opus (RFC 7587, 6.1): browsers send and decode one unless the other side wants two. */
export function withStereoOpus(sdp: string): string {
  return withCodecParameters(sdp, 'opus', { stereo: 1, 'sprop-stereo': 1 });
}
