import { z } from 'zod';
import type { MediaPlace } from '../../engine/contract.ts';

/** `draining`: it takes no publishers and sends sockets away; `drained`: nothing is lost when it is stopped. */
export const nodeStateSchema = z.enum(['active', 'draining', 'drained']);
export type NodeState = z.output<typeof nodeStateSchema>;

export const nodeSchema = z.object({
  id: z.string().describe('New with each start'),
  name: z.string().describe('node.name, or the machine’s'),
  region: z.string().optional(),
  state: nodeStateSchema,
  isSelf: z.boolean().describe('It is the one that answers'),
  version: z.string(),
  startedAt: z.number().describe('ms since the epoch'),
  mediaHost: z.string().optional().describe('Where people reach its media ports, as its operator says'),
  mediaUrl: z.string().optional().describe('The same for media over HTTP'),
  rtmpUrl: z.string().optional().describe('The same for RTMP'),
  load: z
    .object({
      streams: z.number().describe('That are published on it'),
      viewers: z.number().describe('Media connections'),
      connections: z.number().describe('Realtime and signaling sockets'),
      outBps: z.number().describe('To media viewers, bits per second'),
      cpu: z.number().describe('Share of all cores of its machine, 0 to 1'),
    })
    .optional()
    .describe('A few seconds after its start'),
});
export type NodeView = z.output<typeof nodeSchema>;
export const nodesSchema = z.object({ nodes: z.array(nodeSchema).describe('Those that live, the oldest first') });

export const drainSchema = z.object({
  timeoutMs: z
    .int()
    .min(0)
    .max(86_400_000)
    .optional()
    .describe('How long its streams may go on; left out, node.drainTimeoutMs of that node'),
});
export type DrainOrder = z.output<typeof drainSchema>;

/** What a node says of itself, for as long as it lives. */
export interface NodeFacts {
  id: string;
  name: string;
  region?: string;
  version: string;
  startedAtMs: number;
  /** Where people reach it, when its operator said so. */
  place?: MediaPlace;
  /** Where other nodes reach the platform on it: `http://HOST:PORT`. */
  api: string;
  /** And its media over HTTP; undefined where all nodes share the engine. */
  media?: string;
}
