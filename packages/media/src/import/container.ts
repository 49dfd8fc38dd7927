import { open } from 'node:fs/promises';

export interface Container {
  /** ffmpeg's demuxer: named to it, so that the file's bytes cannot choose one that follows addresses, as playlists do. */
  demuxer: string;
  mediaType: string;
}

/** As much as any of them needs: three packets of a transport stream. */
const HEAD_BYTES = 400;
const TS_PACKET = 188;
const TS_SYNC = 0x47;

/** By the first bytes alone; undefined for all that is no video of a kind that is taken. @throws what reading throws */
export async function containerOf(path: string): Promise<Container | undefined> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return sniff(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

function sniff(head: Buffer): Container | undefined {
  const text = head.toString('latin1');
  // ISO/IEC 14496-12, 4.2: size and type of the first box; QuickTime may begin without `ftyp`.
  if (/^(?:ftyp|moov|mdat|free|skip|wide)$/.test(text.slice(4, 8))) return { demuxer: 'mov', mediaType: 'video/mp4' };
  // RFC 8794, 11.2.1
  if (text.startsWith('\x1a\x45\xdf\xa3')) {
    return { demuxer: 'matroska', mediaType: text.includes('webm') ? 'video/webm' : 'video/matroska' };
  }
  if (text.startsWith('FLV\x01')) return { demuxer: 'flv', mediaType: 'video/x-flv' };
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'AVI ') return { demuxer: 'avi', mediaType: 'video/x-msvideo' };
  // ISO/IEC 13818-1, 2.4.3.2 and 2.5.3.3
  if (head[0] === TS_SYNC && head[TS_PACKET] === TS_SYNC && head[2 * TS_PACKET] === TS_SYNC)
    return { demuxer: 'mpegts', mediaType: 'video/mp2t' };
  if (text.startsWith('\x00\x00\x01\xba')) return { demuxer: 'mpeg', mediaType: 'video/mpeg' };
  return undefined;
}
