import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { AppError, type CallerOf, type RouteRights } from '../../gateway/contract.ts';
import {
  acknowledgeSchema,
  alarmChannelsSchema,
  alarmPageSchema,
  alarmParamsSchema,
  alarmsQuerySchema,
  alarmSuccessSchema,
  changeSilenceSchema,
  channelParamsSchema,
  channelTrialSchema,
  monitorAlarmSchema,
  newSilenceSchema,
  silenceSchema,
  silencesSchema,
} from './contract.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { AlarmService } from './service.ts';
import type { Doer, Silences } from './silences.ts';

const READ: RouteRights = { who: 'admin', limit: 'read', scope: 'admin' };
const WRITE: RouteRights = { who: 'admin', limit: 'write', scope: 'admin' };
const of = (summary: string, operationId: string) => ({ tags: ['monitor'], summary, operationId });

export interface AlarmRouteDeps {
  service: AlarmService;
  silences: Silences;
  dispatcher: Pick<Dispatcher, 'channels' | 'trial'>;
  callerOf: CallerOf;
}

/** Alarms, for administrators. Nothing of it is kept by anybody between. */
export function addAlarmRoutes(instance: FastifyInstance, deps: AlarmRouteDeps): void {
  const doerOf = (request: FastifyRequest): Doer => {
    const { account, address } = deps.callerOf(request);
    if (account === undefined) throw new AppError('login_required');
    return { actor: `user:${account.id}`, address };
  };
  addListRoutes(instance, { ...deps, doerOf });
  addSilenceRoutes(instance, { ...deps, doerOf });
  addChannelRoutes(instance, deps);
}

type WithDoer<Deps> = Deps & { doerOf(request: FastifyRequest): Doer };

function addListRoutes(instance: FastifyInstance, { service, doerOf }: WithDoer<AlarmRouteDeps>): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/monitor/alarms',
    {
      config: { rights: READ },
      schema: {
        ...of('What is wrong now, or was', 'listAlarms'),
        querystring: alarmsQuerySchema,
        response: { 200: alarmPageSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return service.page(request.query);
    },
  );

  app.post(
    '/api/monitor/alarms/:id/ack',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Take an alarm on: channels are not told of it again', 'acknowledgeAlarm'),
        params: alarmParamsSchema,
        body: acknowledgeSchema,
        response: { 200: monitorAlarmSchema },
      },
    },
    async (request) => service.acknowledge(request.params.id, request.body?.note, doerOf(request)),
  );
}

function addSilenceRoutes(instance: FastifyInstance, { silences, doerOf }: WithDoer<AlarmRouteDeps>): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  const params = alarmParamsSchema;

  app.get(
    '/api/monitor/alarms/silences',
    {
      config: { rights: READ },
      schema: {
        ...of('What channels are not told of, now or later', 'listSilences'),
        response: { 200: silencesSchema },
      },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      return { silences: await silences.list() };
    },
  );

  app.post(
    '/api/monitor/alarms/silences',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Tell channels nothing of some alarms for a time', 'createSilence'),
        body: newSilenceSchema,
        response: { 201: silenceSchema },
      },
    },
    async (request, reply) => {
      reply.code(201);
      return silences.add(request.body, doerOf(request));
    },
  );

  app.patch(
    '/api/monitor/alarms/silences/:id',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Change how long a silence lasts, or why', 'changeSilence'),
        params,
        body: changeSilenceSchema,
        response: { 200: silenceSchema },
      },
    },
    async (request) => silences.change(request.params.id, request.body, doerOf(request)),
  );

  app.delete(
    '/api/monitor/alarms/silences/:id',
    {
      config: { rights: WRITE },
      schema: { ...of('End a silence now', 'endSilence'), params, response: { 200: alarmSuccessSchema } },
    },
    async (request) => {
      await silences.end(request.params.id, doerOf(request));
      return { success: true as const };
    },
  );
}

function addChannelRoutes(instance: FastifyInstance, { dispatcher }: AlarmRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/monitor/alarms/channels',
    {
      config: { rights: READ },
      schema: {
        ...of('Who is told of alarms, without addresses', 'listAlarmChannels'),
        response: { 200: alarmChannelsSchema },
      },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      return { channels: dispatcher.channels() };
    },
  );

  app.post(
    '/api/monitor/alarms/channels/:name/test',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Send a trial message', 'testAlarmChannel'),
        params: channelParamsSchema,
        response: { 200: channelTrialSchema },
      },
    },
    async (request) => {
      const trial = await dispatcher.trial(request.params.name);
      if (trial === undefined) throw new AppError('alarm_channel_not_found');
      return trial;
    },
  );
}
