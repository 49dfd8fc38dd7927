// A reader of `text/event-stream` that a test can cut.
import { onTestFinished } from 'vitest';

export interface StreamedEvent {
  id: string | undefined;
  message: {
    type: string;
    channel?: string;
    event?: string;
    offset?: number;
    recovered?: boolean;
    data?: unknown;
    code?: string;
  };
}

export interface EventReader {
  headers: Headers;
  events: StreamedEvent[];
  /** Resolves when the server ended the stream. */
  ended: Promise<void>;
  cut(): void;
}

export async function readEvents(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  const response = await fetch(url, { headers: { accept: 'text/event-stream', ...headers }, signal: abort.signal });
  if (!response.ok || response.body === null) throw new Error(`${response.status} ${await response.text()}`);
  const events: StreamedEvent[] = [];
  const read = async (body: ReadableStream<Uint8Array>): Promise<void> => {
    let text = '';
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + chunk).split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (data !== undefined) events.push({ id: /^id: (.*)$/m.exec(block)?.[1], message: JSON.parse(data) });
      }
    }
  };
  return { headers: response.headers, events, ended: read(response.body).catch(() => {}), cut: () => abort.abort() };
}
