// What every media engine does, asked of real clients on real sockets: the core, and what each capability adds.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type EngineClient,
  type EngineEvent,
  type EngineHandler,
  type EngineStream,
  type MediaEngine,
  type PlayVerdict,
  type PublishVerdict,
  type UrlTarget,
} from '../../packages/server/src/engine/contract.ts';
import { HttpFlvPlayer, HttpFlvPublisher, WsFlvPlayer } from '../support/flv-client.ts';
import type { WireTag } from '../support/flv-wire.ts';
import { encodedTags, RtmpBroadcast } from '../support/rtmp-broadcast.ts';
import { RtmpPlayer } from '../support/rtmp-player.ts';
import { until } from '../support/until.ts';

export const SUITE_GRACE_MS = 1500;
/** An engine elsewhere is compared with every 10 s. */
const PATIENT = { timeoutMs: 20_000, intervalMs: 50 };

export interface EngineUnderTest extends AsyncDisposable {
  engine: MediaEngine;
  ports: { rtmp: number; http: number };
}

/** By code, or by a closed connection. */
const REFUSED = /NetStream|closed|ended|refused/i;

const DENIED = { action: 'deny', status: 403, code: 'wrong_key', message: 'no' } as const;

/** What the platform would say; a test changes it for a stream. */
class Platform implements EngineHandler {
  readonly asked: { what: 'publish' | 'play'; client: EngineClient }[] = [];
  readonly events: EngineEvent[] = [];
  readonly publishing = new Map<string, PublishVerdict | 'hangs'>();
  readonly playing = new Map<string, PlayVerdict>();

  async authorizePublish(client: EngineClient): Promise<PublishVerdict> {
    this.asked.push({ what: 'publish', client });
    const verdict = this.publishing.get(client.stream);
    if (verdict === 'hangs') throw new Error('the database is away');
    return verdict ?? { action: 'publish', credential: `of ${client.param}` };
  }

  async authorizePlay(client: EngineClient): Promise<PlayVerdict> {
    this.asked.push({ what: 'play', client });
    return (
      this.playing.get(client.stream) ?? {
        action: 'play',
        viewer: new URLSearchParams(client.param).get('vid') ?? undefined,
      }
    );
  }

  async adoptViewer(): Promise<{ viewer?: string }> {
    return {};
  }

  notify(event: EngineEvent): void {
    this.events.push(event);
  }

  of(stream: string): EngineEvent['type'][] {
    const told = new Set(['published', 'interrupted', 'ended', 'playing', 'stopped']);
    return this.events.filter((event) => event.stream === stream && told.has(event.type)).map(({ type }) => type);
  }

  async told(stream: string, types: readonly EngineEvent['type'][]): Promise<void> {
    const text = types.join(' ');
    await until(() => this.of(stream).join(' ') === text, { ...PATIENT, what: `${stream}: ${text}` }).catch((error) => {
      throw new Error(`${stream} was told ${this.of(stream).join(' ')}`, { cause: error });
    });
  }
}

export function engineSuite(name: string, start: (handler: EngineHandler) => Promise<EngineUnderTest>): void {
  describe(`media engine ${name}`, () => {
    let platform: Platform;
    let under: EngineUnderTest;
    let engine: MediaEngine;
    let tags: WireTag[];
    let stream: string;
    let count = 0;
    const open: { close(): void }[] = [];
    const use = <Opened extends { close(): void }>(opened: Opened): Opened => {
      open.push(opened);
      return opened;
    };

    beforeAll(async () => {
      tags = await encodedTags({ seconds: 2 });
      platform = new Platform();
      under = await start(platform);
      engine = under.engine;
    });
    afterAll(async () => {
      await under?.[Symbol.asyncDispose]();
    });
    beforeEach(() => {
      stream = `contract-${++count}`;
    });
    afterEach(() => {
      for (const one of open.splice(0)) one.close();
    });

    const publish = async (query = '?key=right'): Promise<RtmpBroadcast> => {
      const encoder = use(await RtmpBroadcast.open(under.ports.rtmp, `${stream}${query}`));
      encoder.play(tags);
      return encoder;
    };
    const watch = async (query = ''): Promise<HttpFlvPlayer> =>
      use(await HttpFlvPlayer.open({ port: under.ports.http, path: `/live/${stream}.flv${query}` }));
    const find = async (): Promise<EngineStream | undefined> =>
      (await engine.streams()).find((one) => one.app === 'live' && one.stream === stream);
    const name_ = (): { app: string; stream: string } => ({ app: 'live', stream });

    test('addresses are those that the capabilities say, with the query, and lead to this engine', () => {
      const target: UrlTarget = { host: 'media.example', secure: false, app: 'live', stream: 'a', query: { vid: 'v' } };
      const { rtmp, httpFlv, wsFlv, hls, webrtc, wsFlvPublish } = engine.capabilities;
      const play = { rtmp, flv: httpFlv, wsFlv, hls, webrtc, whep: webrtc };
      const shown = Object.entries(play).flatMap(([key, has]) => (has ? [key] : []));
      const urls = engine.playUrls(target);
      expect(Object.keys(urls).toSorted()).toEqual(shown.toSorted());
      for (const url of Object.values(urls)) expect(url).toMatch(/[?&]vid=v$/);
      expect(urls.rtmp).toBe(`rtmp://media.example:${under.ports.rtmp}/live/a?vid=v`);
      expect(urls.flv).toBe(`http://media.example:${under.ports.http}/live/a.flv?vid=v`);
      const publishing = { rtmp, wsFlv: wsFlvPublish, whip: webrtc };
      expect(Object.keys(engine.publishUrls(target)).toSorted()).toEqual(
        Object.entries(publishing)
          .flatMap(([key, has]) => (has ? [key] : []))
          .toSorted(),
      );
      expect(engine.connectOrigins({ host: 'media.example', secure: false })).toContain(
        `http://media.example:${under.ports.http}`,
      );
      expect(engine.addresses('media.example').join()).toContain(String(under.ports.rtmp));
    });

    test('who publishes is asked with the right, told of when current, and listed', async () => {
      await publish('?key=right&x=1');
      await platform.told(stream, ['published']);
      const { client } = platform.asked.find((one) => one.client.stream === stream) ?? {};
      expect(client).toMatchObject({
        app: 'live',
        stream,
        param: '?key=right&x=1',
        address: '127.0.0.1',
        protocol: 'rtmp',
      });
      const event = platform.events.find((one) => one.stream === stream);
      expect(event).toMatchObject({ type: 'published', resumed: false, client: { clientId: client?.clientId } });
      expect(JSON.stringify(event)).not.toContain('right');
      const found = await until(
        async () => {
          const listed = await find();
          return listed?.video === undefined ? undefined : listed;
        },
        { ...PATIENT, what: 'the stream listed with its codecs' },
      );
      expect(found).toMatchObject({
        state: 'publishing',
        video: { codec: 'h264' },
        audio: { codec: 'aac' },
        viewers: 0,
      });
      expect(found.publisher?.clientId).toBe(client?.clientId);
      expect(engine.published?.()?.has(`live/${stream}`) ?? true).toBe(true);
      expect(engine.health()).toMatchObject({ ok: true });
    });

    test.each<[string, PublishVerdict | 'hangs']>([
      ['is refused', DENIED],
      ['cannot be judged', 'hangs'],
    ])('who %s does not publish', async (_name, verdict) => {
      platform.publishing.set(stream, verdict);
      await expect(publish('?key=wrong')).rejects.toThrow(REFUSED);
      expect(await find()).toBeUndefined();
      expect(platform.of(stream)).toEqual([]);
    });

    test('viewers are asked, told of and counted while they watch', async () => {
      await publish();
      await platform.told(stream, ['published']);
      const flv = await watch('?vid=viewer-1&token=secret');
      const rtmp = use(await RtmpPlayer.open({ port: under.ports.rtmp, name: `${stream}?vid=viewer-2` }));
      await flv.received(20);
      await until(() => rtmp.tags.length >= 20, { what: 'an RTMP viewer with pictures' });
      await platform.told(stream, ['published', 'playing', 'playing']);
      expect(
        platform.events
          .flatMap((event) => (event.type === 'playing' && event.stream === stream ? [event.viewer] : []))
          .toSorted(),
      ).toEqual(['viewer-1', 'viewer-2']);
      expect(platform.asked.find(({ client }) => client.param.includes('viewer-1'))?.client).toMatchObject({
        protocol: 'http-flv',
        param: '?vid=viewer-1&token=secret',
      });
      await until(async () => (await find())?.viewers === 2, { ...PATIENT, what: 'two viewers in the list' });
      flv.close();
      rtmp.close();
      await platform.told(stream, ['published', 'playing', 'playing', 'stopped', 'stopped']);
      await until(async () => (await find())?.viewers === 0, { ...PATIENT, what: 'no viewer in the list' });
    });

    test('who may not watch gets nothing', async () => {
      await publish();
      await platform.told(stream, ['published']);
      platform.playing.set(stream, { action: 'deny', status: 403, code: 'private_room', message: 'no' });
      const player = await watch().catch(() => undefined);
      await player?.ended;
      expect(player?.flv.tags.length ?? 0).toBe(0);
      expect(platform.of(stream)).toEqual(['published']);
    });

    test('a publisher that drops is interrupted, resumes within the grace, and ends after it', async () => {
      const first = await publish();
      await platform.told(stream, ['published']);
      first.close();
      await platform.told(stream, ['published', 'interrupted']);
      const second = await publish();
      await platform.told(stream, ['published', 'interrupted', 'published']);
      expect(platform.events.filter((event) => event.stream === stream).at(-1)).toMatchObject({ resumed: true });
      second.close();
      await platform.told(stream, ['published', 'interrupted', 'published', 'interrupted', 'ended']);
      await until(async () => (await find())?.state !== 'publishing', { ...PATIENT, what: 'the stream gone' });
    });

    test('a second publisher is refused while the first one sends, whatever right it shows', async () => {
      await publish();
      await platform.told(stream, ['published']);
      await expect(publish()).rejects.toThrow(REFUSED);
      await expect(publish('?key=other')).rejects.toThrow(REFUSED);
      const viewer = await watch();
      await viewer.received(20);
      expect(platform.of(stream)).toEqual(['published', 'playing']);
    });

    test('a publisher that is kicked is interrupted and may come back; a viewer that is kicked stops', async () => {
      await publish();
      await platform.told(stream, ['published']);
      const viewer = await watch();
      await viewer.received(5);
      await platform.told(stream, ['published', 'playing']);
      const playing = platform.events.find((event) => event.type === 'playing' && event.stream === stream);
      expect(await engine.kickClient(playing !== undefined && 'client' in playing ? playing.client.clientId : '')).toBe(
        true,
      );
      await viewer.ended;
      await platform.told(stream, ['published', 'playing', 'stopped']);
      expect(await engine.kickPublisher(name_())).toBe(true);
      await platform.told(stream, ['published', 'playing', 'stopped', 'interrupted']);
      await publish();
      await platform.told(stream, ['published', 'playing', 'stopped', 'interrupted', 'published']);
    });

    test('a stream that is ended takes its publisher and its viewers along', async () => {
      await publish();
      await platform.told(stream, ['published']);
      const viewer = await watch();
      await viewer.received(5);
      platform.publishing.set(stream, DENIED);
      expect(await engine.endStream(name_())).toBe(true);
      await viewer.ended;
      await until(() => platform.of(stream).includes('ended') && platform.of(stream).includes('stopped'), {
        ...PATIENT,
        what: 'the end of both',
      });
      await until(async () => (await find()) === undefined, { ...PATIENT, what: 'the stream gone' });
    });

    test('what is not there cannot be ended or kicked', async () => {
      expect(await engine.endStream(name_())).toBe(false);
      expect(await engine.kickPublisher(name_())).toBe(false);
      expect(await engine.kickClient('nobody')).toBe(false);
    });

    // What only some engines can. One that cannot offers no address for it, whatever answers there.
    const addresses = (): (string | undefined)[] => {
      const target = { ...name_(), host: 'h', secure: false, query: {} };
      const { wsFlv, hls } = engine.playUrls(target);
      return [wsFlv, hls, engine.publishUrls(target).wsFlv];
    };

    test('wsFlv: FLV over WebSocket', async () => {
      await publish();
      await platform.told(stream, ['published']);
      if (!engine.capabilities.wsFlv) return expect(addresses()[0]).toBeUndefined();
      const player = use(await WsFlvPlayer.open({ port: under.ports.http, path: `/live/${stream}.flv` }));
      await player.received(20);
      expect(player.flv.tags[0]?.type).toBe('script');
    });

    test('httpFlvPublish and wsFlvPublish: FLV by POST', async () => {
      expect(addresses()[2] !== undefined).toBe(engine.capabilities.wsFlvPublish);
      if (!engine.capabilities.httpFlvPublish) return;
      const publisher = new HttpFlvPublisher({ port: under.ports.http, path: `/live/${stream}.flv?key=right` });
      publisher.write(flvFile(tags));
      await platform.told(stream, ['published']);
      publisher.abort();
    });

    test('hls: a playlist, and none where there is no HLS', async () => {
      if (!engine.capabilities.hls) return expect(addresses()[1]).toBeUndefined();
      await publish();
      await platform.told(stream, ['published']);
      await until(async () => (await fetch(`http://127.0.0.1:${under.ports.http}/live/${stream}.m3u8?vid=hls-1`)).ok, {
        ...PATIENT,
        what: 'a playlist',
      });
      expect(
        platform.asked.some(
          ({ what, client }) => what === 'play' && client.stream === stream && client.protocol === 'hls',
        ),
      ).toBe(true);
    });

    test('takeover: an encoder that fell silent is replaced by the same right, and by no other', async () => {
      const silent = use(await RtmpBroadcast.open(under.ports.rtmp, `${stream}?key=right`));
      silent.send(tags);
      await platform.told(stream, ['published']);
      await expect(publish('?key=other')).rejects.toThrow(REFUSED);
      if (!engine.capabilities.takeover) return;
      await until(() => publish(), { ...PATIENT, intervalMs: 500, what: 'the second one let in' });
      await until(() => platform.of(stream).filter((type) => type === 'published').length === 2, {
        ...PATIENT,
        what: 'published again',
      });
    });
  });
}

/** Header and tags as one byte stream. */
function flvFile(tags: readonly WireTag[]): Buffer {
  const types = { audio: 8, video: 9, script: 18 };
  const parts: Uint8Array[] = [Buffer.from('464c5601050000000900000000', 'hex')];
  for (const { type, timestamp, body } of tags) {
    const head = Buffer.alloc(11);
    head[0] = types[type];
    head.writeUIntBE(body.length, 1, 3);
    head.writeUIntBE(timestamp & 0xff_ff_ff, 4, 3);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(body.length + 11);
    parts.push(head, body, size);
  }
  return Buffer.concat(parts);
}
