import type { ChannelMessage } from '@kaibo/client';
import { onScopeDispose } from 'vue';
import { realtime } from '../../api.ts';

/**
 * Calls `onNews` when a recording of the room began, became ready, changed or was deleted, for as long as the calling
 * component lives. The room itself is listened to by `useRoom`, with the rights that a private one needs.
 */
export function useRecordingNews(roomId: string, onNews: () => void): void {
  const hear = (message: ChannelMessage): void => {
    if (message.kind === 'event' && message.event.startsWith('recording.')) onNews();
  };
  onScopeDispose(realtime.subscribe(`room:${roomId}`, hear));
}
