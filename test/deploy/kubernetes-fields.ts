// The fields that Kubernetes 1.30 knows of what our manifests use: kubectl without a cluster lets any misspelling pass.

type Fields = { readonly [name: string]: Fields | true };

const labelSelector: Fields = { matchLabels: true, matchExpressions: true };
const metadata: Fields = { name: true, namespace: true, labels: true, annotations: true };
const probe: Fields = {
  ...{ httpGet: { path: true, port: true, scheme: true }, exec: { command: true }, tcpSocket: { port: true } },
  ...{ periodSeconds: true, timeoutSeconds: true, failureThreshold: true, initialDelaySeconds: true },
};
const container: Fields = {
  ...{ name: true, image: true, imagePullPolicy: true, command: true, args: true, workingDir: true },
  ports: { name: true, containerPort: true, protocol: true, hostPort: true },
  env: {
    ...{ name: true, value: true },
    valueFrom: { secretKeyRef: { name: true, key: true }, fieldRef: { fieldPath: true } },
  },
  ...{ startupProbe: probe, livenessProbe: probe, readinessProbe: probe },
  lifecycle: { preStop: { exec: { command: true }, sleep: { seconds: true } } },
  resources: { requests: true, limits: true },
  securityContext: {
    ...{ allowPrivilegeEscalation: true, readOnlyRootFilesystem: true, capabilities: { add: true, drop: true } },
    ...{ privileged: true, runAsNonRoot: true, runAsUser: true, runAsGroup: true },
  },
  volumeMounts: { name: true, mountPath: true, readOnly: true, subPath: true },
};
const podTemplate: Fields = {
  metadata,
  spec: {
    ...{ serviceAccountName: true, automountServiceAccountToken: true, enableServiceLinks: true },
    ...{ terminationGracePeriodSeconds: true, nodeSelector: true, tolerations: true },
    ...{ containers: container, initContainers: container },
    securityContext: {
      ...{ runAsNonRoot: true, runAsUser: true, runAsGroup: true, fsGroup: true, fsGroupChangePolicy: true },
      seccompProfile: { type: true },
    },
    topologySpreadConstraints: { maxSkew: true, topologyKey: true, whenUnsatisfiable: true, labelSelector },
    volumes: { name: true, configMap: { name: true }, emptyDir: { sizeLimit: true, medium: true } },
  },
};
const workload: Fields = { replicas: true, selector: labelSelector, template: podTemplate };
const policyPeer: Fields = {
  ...{ podSelector: labelSelector, namespaceSelector: labelSelector },
  ipBlock: { cidr: true, except: true },
};
const policyPorts: Fields = { port: true, protocol: true, endPort: true };
const scalingRules: Fields = {
  ...{ stabilizationWindowSeconds: true, selectPolicy: true },
  policies: { type: true, value: true, periodSeconds: true },
};

/** By `apiVersion kind`; what is not here is not used. */
const KINDS: Readonly<Record<string, Fields>> = {
  'v1 Namespace': {},
  'v1 ServiceAccount': { automountServiceAccountToken: true },
  'v1 ConfigMap': { data: true },
  'v1 Service': {
    spec: {
      ...{ type: true, externalTrafficPolicy: true, selector: true },
      ports: { name: true, port: true, targetPort: true, protocol: true, nodePort: true },
    },
  },
  'apps/v1 Deployment': {
    spec: { ...workload, strategy: { type: true, rollingUpdate: { maxSurge: true, maxUnavailable: true } } },
  },
  'apps/v1 StatefulSet': {
    spec: {
      ...{ ...workload, serviceName: true, updateStrategy: true, podManagementPolicy: true },
      volumeClaimTemplates: {
        metadata,
        spec: { accessModes: true, storageClassName: true, resources: { requests: true } },
      },
    },
  },
  'networking.k8s.io/v1 Ingress': {
    spec: {
      ...{ ingressClassName: true, tls: { hosts: true, secretName: true } },
      rules: {
        host: true,
        http: {
          paths: {
            path: true,
            pathType: true,
            backend: { service: { name: true, port: { name: true, number: true } } },
          },
        },
      },
    },
  },
  'networking.k8s.io/v1 NetworkPolicy': {
    spec: {
      ...{ podSelector: labelSelector, policyTypes: true },
      ...{ ingress: { from: policyPeer, ports: policyPorts }, egress: { to: policyPeer, ports: policyPorts } },
    },
  },
  'autoscaling/v2 HorizontalPodAutoscaler': {
    spec: {
      ...{ scaleTargetRef: { apiVersion: true, kind: true, name: true }, minReplicas: true, maxReplicas: true },
      metrics: { type: true, resource: { name: true, target: { type: true, averageUtilization: true } } },
      behavior: { scaleUp: scalingRules, scaleDown: scalingRules },
    },
  },
  'policy/v1 PodDisruptionBudget': { spec: { maxUnavailable: true, minAvailable: true, selector: labelSelector } },
};

/** Paths of what Kubernetes would refuse or silently drop. */
export function unknownFields(manifest: { apiVersion: string; kind: string }): string[] {
  const known = KINDS[`${manifest.apiVersion} ${manifest.kind}`];
  if (known === undefined) return [`${manifest.apiVersion} ${manifest.kind}`];
  return unknownIn(manifest, { apiVersion: true, kind: true, metadata, ...known }, manifest.kind);
}

function unknownIn(value: unknown, known: Fields | true, path: string): string[] {
  if (known === true) return [];
  if (Array.isArray(value)) return value.flatMap((one, index) => unknownIn(one, known, `${path}[${index}]`));
  if (typeof value !== 'object' || value === null) return [`${path} is ${String(value)}`];
  return Object.entries(value).flatMap(([name, field]) => {
    const allowed = known[name];
    return allowed === undefined ? [`${path}.${name}`] : unknownIn(field, allowed, `${path}.${name}`);
  });
}
