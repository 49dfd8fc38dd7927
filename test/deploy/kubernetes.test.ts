import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { defaultConfig, loadConfig } from '../../packages/server/src/app/config.ts';
import { nodeCommands } from '../../packages/server/src/cli/node.ts';
import { findProgram } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';
import { ROOT } from './dockerfile.ts';
import { unknownFields } from './kubernetes-fields.ts';

const OVERLAYS = join(ROOT, 'deploy/k8s/overlays');
/** What whoever installs it puts into the Secret `kaibo`; docs/deploy.md has them with their commands. */
const SECRETS: Readonly<Record<string, string>> = {
  'setup-token': '5f0c1d7e9a2b4c6d',
  'ice-servers': '[{"urls":["turn:turn.example.org:3478"],"secret":"5f0c1d7e9a2b4c6d"}]',
  'database-url': 'postgres://kaibo:5f0c1d7e9a2b4c6d@postgres:5432/kaibo',
  'redis-url': 'redis://:5f0c1d7e9a2b4c6d@redis:6379',
  's3-access-key-id': '5f0c1d7e9a2b4c6d',
  's3-secret-access-key': '5f0c1d7e9a2b4c6d',
};
const FIELDS: Readonly<Record<string, string>> = { 'metadata.name': 'kaibo-0', 'status.podIP': '10.1.2.3' };

type Labels = Record<string, string>;

interface Port {
  name: string;
  containerPort: number;
  protocol?: string;
}

interface Probe {
  httpGet: { path: string; port: string };
}

interface Container {
  image: string;
  ports: Port[];
  env: {
    name: string;
    valueFrom: { secretKeyRef?: { name: string; key: string }; fieldRef?: { fieldPath: string } };
  }[];
  startupProbe: Probe;
  livenessProbe: Probe;
  readinessProbe: Probe;
  lifecycle: { preStop: { exec: { command: string[] } } };
  resources: { requests: Labels; limits: Labels };
  securityContext: Record<string, unknown>;
  volumeMounts: { name: string; mountPath: string }[];
}

interface Pod {
  enableServiceLinks: boolean;
  terminationGracePeriodSeconds: number;
  serviceAccountName: string;
  securityContext: Record<string, unknown>;
  containers: [Container];
  volumes: { name: string; configMap?: { name: string } }[];
  topologySpreadConstraints?: { labelSelector: { matchLabels: Labels } }[];
}

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Labels };
  data: Record<string, string>;
  // Each kind has its own; a test looks into those it knows.
  // oxlint-disable-next-line typescript/no-explicit-any
  spec: any;
}

function build(overlay: string): Manifest[] {
  const built = spawnSync(findProgram('kubectl'), ['kustomize', join(OVERLAYS, overlay)], { encoding: 'utf8' });
  expect([built.status, built.stderr]).toEqual([0, '']);
  return parseAllDocuments(built.stdout).map((document) => document.toJS() as Manifest);
}

/** @throws Error when there is none */
function the(kind: string, manifests: readonly Manifest[]): Manifest {
  const found = manifests.find((manifest) => manifest.kind === kind);
  if (found === undefined) throw new Error(`there is no ${kind}`);
  return found;
}

const isWithin = (selector: Labels = {}, labels: Labels = {}): boolean =>
  Object.entries(selector).every(([name, value]) => labels[name] === value);

describe.each(['single', 'cluster'])('overlay %s', (overlay) => {
  const manifests = build(overlay);
  const all = (kind: string): Manifest[] => manifests.filter((manifest) => manifest.kind === kind);
  const workload = the(overlay === 'single' ? 'StatefulSet' : 'Deployment', manifests);
  const { template, selector } = workload.spec as {
    template: { metadata: { labels: Labels }; spec: Pod };
    selector: { matchLabels: Labels };
  };
  const { labels } = template.metadata;
  const pod = template.spec;
  const [kaibo] = pod.containers;
  const portNames = kaibo.ports.map(({ name }) => name);

  test('has fields that Kubernetes knows, one of each name, all in one namespace', () => {
    expect(manifests.flatMap(unknownFields)).toEqual([]);
    const names = manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
    for (const { kind, metadata } of manifests)
      if (kind !== 'Namespace') expect([kind, metadata.namespace]).toEqual([kind, 'kaibo']);
    expect(unknownFields({ ...manifests[0], specs: {} } as unknown as Manifest)).toEqual(['Namespace.specs']);
  });

  test('runs a pinned image, and contains no secret', () => {
    expect(kaibo.image).toMatch(/^[\w./-]+:\d+\.\d+\.\d+$/);
    expect(all('Secret')).toEqual([]);
    const guide = readFileSync(join(ROOT, 'docs/deploy.md'), 'utf8');
    for (const { valueFrom } of kaibo.env) {
      if (valueFrom.secretKeyRef === undefined) continue;
      const { name, key } = valueFrom.secretKeyRef;
      expect([name, Object.keys(SECRETS).includes(key)]).toEqual(['kaibo', true]);
      expect(guide).toContain(`--from-literal=${key}=`);
    }
  });

  test('keeps to the restricted pod security standard', () => {
    expect(the('Namespace', manifests).metadata.labels?.['pod-security.kubernetes.io/enforce']).toBe('restricted');
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 10_001,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(kaibo.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(all('ServiceAccount').map(({ metadata }) => metadata.name)).toEqual([pod.serviceAccountName]);
    // The uid of the image.
    expect(readFileSync(join(ROOT, 'deploy/docker/Dockerfile'), 'utf8')).toContain('USER 10001:10001');
  });

  test('selects its own pods, by ports that they have', () => {
    expect(isWithin(selector.matchLabels, labels)).toBe(true);
    const open = (
      the('NetworkPolicy', manifests).spec.ingress as { from?: unknown; ports: { port: string; protocol?: string }[] }[]
    )
      .filter(({ from }) => from === undefined)
      .flatMap(({ ports }) => ports.map(({ port, protocol = 'TCP' }) => `${port}/${protocol}`));
    for (const { metadata, spec } of all('Service')) {
      expect([metadata.name, isWithin(spec.selector as Labels, labels)]).toEqual([metadata.name, true]);
      for (const { targetPort, protocol = 'TCP' } of spec.ports as { targetPort: string; protocol?: string }[]) {
        const target = kaibo.ports.find(({ name }) => name === targetPort);
        expect([targetPort, target?.protocol ?? 'TCP']).toEqual([targetPort, protocol]);
        expect(open).toContain(`${targetPort}/${protocol}`);
      }
    }
    const { podSelector, ingress } = the('NetworkPolicy', manifests).spec as {
      podSelector: { matchLabels: Labels };
      ingress: { ports: { port: string }[] }[];
    };
    expect(isWithin(podSelector.matchLabels, labels)).toBe(true);
    expect(ingress.flatMap(({ ports }) => ports.map(({ port }) => port)).toSorted()).toEqual(portNames.toSorted());
    for (const { labelSelector } of pod.topologySpreadConstraints ?? [])
      expect(isWithin(labelSelector.matchLabels, labels)).toBe(true);
  });

  test('is asked whether it is alive and ready where it says so', () => {
    const probes = { healthz: [kaibo.startupProbe, kaibo.livenessProbe], readyz: [kaibo.readinessProbe] };
    for (const [path, list] of Object.entries(probes))
      for (const { httpGet } of list) expect(httpGet).toEqual({ path: `/${path}`, port: 'http' });
    expect(kaibo.ports.find(({ name }) => name === 'http')?.containerPort).toBe(8088);
  });

  test('the Ingress leads to a Service and a port that are there', () => {
    const { service } = the('Ingress', manifests).spec.rules[0].http.paths[0].backend as {
      service: { name: string; port: { name: string } };
    };
    const named = all('Service').filter(({ metadata }) => metadata.name === service.name);
    const target = the('Service', named);
    expect((target.spec.ports as { name: string }[]).map(({ name }) => name)).toContain(service.port.name);
  });

  test('every volume that is mounted is one, and the configuration is what was built', () => {
    const claims = (workload.spec.volumeClaimTemplates ?? []) as { metadata: { name: string } }[];
    const volumes = [...pod.volumes.map(({ name }) => name), ...claims.map(({ metadata }) => metadata.name)];
    expect(volumes.toSorted()).toEqual(kaibo.volumeMounts.map(({ name }) => name).toSorted());
    expect(claims.length).toBe(overlay === 'single' ? 1 : 0);
    const name = pod.volumes.find(({ configMap }) => configMap !== undefined)?.configMap?.name;
    expect(all('ConfigMap').map(({ metadata }) => metadata.name)).toEqual([name]);
  });

  test('Kaibo takes its configuration and environment, and those that Kubernetes sets besides are off', async () => {
    expect(pod.enableServiceLinks).toBe(false);
    using folder = tempDir();
    writeFileSync(folder.file('kaibo.yaml'), the('ConfigMap', manifests).data['kaibo.yaml'] ?? '');
    const env = Object.fromEntries(
      kaibo.env.map(({ name, valueFrom: { secretKeyRef, fieldRef } }) => [
        name,
        SECRETS[secretKeyRef?.key ?? ''] ?? FIELDS[fieldRef?.fieldPath ?? ''] ?? '',
      ]),
    );
    const { warnings } = await loadConfig({ flags: [], env, cwd: folder.path });
    expect(warnings).toEqual([]);
  });

  test('is told to go in time', () => {
    const { command } = kaibo.lifecycle.preStop.exec;
    if (overlay === 'single') return expect(command).toEqual(['sleep', '5']);
    expect(command.join(' ')).toContain('kaibo node drain "$KAIBO_NODE_NAME"');
    expect(nodeCommands.find(({ name }) => name === 'node drain')?.options).toHaveProperty('wait');
    const { drainTimeoutMs } = defaultConfig().node;
    expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThan(drainTimeoutMs + 30_000);
  });
});

test('the cluster grows and shrinks by what it measures, and never goes at once', () => {
  const manifests = build('cluster');
  const deployment = the('Deployment', manifests);
  const scaler = the('HorizontalPodAutoscaler', manifests).spec as {
    scaleTargetRef: { apiVersion: string; kind: string; name: string };
    minReplicas: number;
    maxReplicas: number;
  };
  expect(scaler.scaleTargetRef).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', name: deployment.metadata.name });
  expect(scaler.minReplicas).toBeGreaterThanOrEqual(2);
  expect(deployment.spec).not.toHaveProperty('replicas');
  // A share of what is requested.
  const { template, strategy } = deployment.spec as {
    template: { metadata: { labels: Labels }; spec: Pod };
    strategy: unknown;
  };
  expect(template.spec.containers[0].resources.requests['cpu']).toMatch(/^\d+m?$/);
  expect(strategy).toEqual({ rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
  const budget = the('PodDisruptionBudget', manifests).spec as {
    maxUnavailable: number;
    selector: { matchLabels: Labels };
  };
  expect(isWithin(budget.selector.matchLabels, template.metadata.labels)).toBe(true);
  expect(budget.maxUnavailable).toBeLessThan(scaler.minReplicas);
});
