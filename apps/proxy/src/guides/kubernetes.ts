import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

const labels = z.record(z.string(), z.string());
const probe = z.looseObject({ httpGet: z.object({ path: z.string(), port: z.string() }) });
const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  args: z.array(z.string()).optional(),
  ports: z.array(z.object({ name: z.string(), containerPort: z.int() })).optional(),
  startupProbe: probe.optional(),
  readinessProbe: probe.optional(),
  livenessProbe: probe.optional(),
  lifecycle: z
    .object({ preStop: z.object({ exec: z.object({ command: z.array(z.string()) }) }) })
    .optional(),
  volumeMounts: z
    .array(z.object({ name: z.string(), mountPath: z.string(), readOnly: z.boolean() }))
    .optional(),
});
const named = z.object({ name: z.string(), labels: labels.optional() });
const manifest = z.discriminatedUnion('kind', [
  z.strictObject({
    apiVersion: z.literal('v1'),
    kind: z.literal('ConfigMap'),
    metadata: named,
    data: z.record(z.string(), z.string()),
  }),
  z.strictObject({
    apiVersion: z.literal('apps/v1'),
    kind: z.literal('Deployment'),
    metadata: named,
    spec: z.looseObject({
      selector: z.object({ matchLabels: labels }),
      template: z.strictObject({
        metadata: z.strictObject({ labels, annotations: labels }),
        spec: z.looseObject({
          terminationGracePeriodSeconds: z.int(),
          initContainers: z.array(container).default([]),
          containers: z.array(container),
          volumes: z.array(
            z.strictObject({
              name: z.string(),
              configMap: z.object({ name: z.string() }).optional(),
              secret: z.object({ secretName: z.string() }).optional(),
            }),
          ),
        }),
      }),
    }),
  }),
  z.strictObject({
    apiVersion: z.literal('v1'),
    kind: z.literal('Service'),
    metadata: named,
    spec: z.strictObject({
      clusterIP: z.literal('None'),
      selector: labels,
      ports: z.array(z.object({ name: z.string(), port: z.int(), targetPort: z.string() })),
    }),
  }),
  z.strictObject({
    apiVersion: z.literal('policy/v1'),
    kind: z.literal('PodDisruptionBudget'),
    metadata: named,
    spec: z.strictObject({ maxUnavailable: z.int(), selector: z.object({ matchLabels: labels }) }),
  }),
]);

/** One object of a file for Kubernetes, as far as ours use it. */
export type Manifest = z.infer<typeof manifest>;

/** The objects of a file; throws for YAML that is none, and for what the schema does not know. */
export function readManifests(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return manifest.parse(document.toJS());
  });
}

/** The one object of that kind; throws when there is none. */
export function only<Kind extends Manifest['kind']>(
  manifests: readonly Manifest[],
  kind: Kind,
): Extract<Manifest, { kind: Kind }> {
  const isThat = (one: Manifest): one is Extract<Manifest, { kind: Kind }> => one.kind === kind;
  const [found, another] = manifests.filter(isThat);
  if (found === undefined || another !== undefined) throw new Error(`there is not one ${kind}`);
  return found;
}
