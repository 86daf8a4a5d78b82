import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { startAdmin } from '../admin/server.ts';
import { sourceOf } from '../admin/source.ts';
import { checkFile } from '../config/command.ts';
import { SETTINGS } from '../config/settings.ts';
import { findProgram } from '../outside/tools.ts';
import { CERTIFICATE, KEY } from '../test/certificate.ts';
import { startChain } from '../test/chain.ts';
import { always, rawOrigin } from '../test/raw-origin.ts';
import { only, readManifests } from './kubernetes.ts';

const read = (name: string): string =>
  readFileSync(new URL(`../../deploy/${name}`, import.meta.url), 'utf8');

/** How long a proxy drains where its file says nothing else. */
const DRAIN_SECONDS = 30;
/** What it may take besides. */
const SPARE_SECONDS = 5;

describe.each(['gateway', 'sidecar'])('the Kubernetes manifests of a %s', (name) => {
  const manifests = readManifests(read(`kubernetes/${name}.yaml`));
  const config = only(manifests, 'ConfigMap');
  const { selector, template } = only(manifests, 'Deployment').spec;
  const pod = template.spec;
  const proxy = [...pod.initContainers, ...pod.containers].find(({ name }) => name === 'tp-proxy');
  const [file = '', text = ''] = Object.entries(config.data)[0] ?? [];
  const settings = z
    .looseObject({
      admin: z.string(),
      'drain-timeout': z.int(),
      listeners: z.array(z.looseObject({ url: z.string() })),
    })
    .parse(parse(text));

  it('have a configuration that passes the check, with the files of its secret', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'config'));
    mkdirSync(join(folder, 'tls'));
    for (const cert of ['tls.crt', 'ca.crt']) writeFileSync(join(folder, 'tls', cert), CERTIFICATE);
    writeFileSync(join(folder, 'tls', 'tls.key'), KEY);
    const path = join(folder, 'config', file);
    writeFileSync(path, text.replaceAll('/etc/tp-proxy', folder));
    checkFile(path);
  });

  it('mount it where the proxy reads it', () => {
    const mounts = new Map(proxy?.volumeMounts?.map((mount) => [mount.mountPath, mount.name]));
    const volumes = new Map(pod.volumes.map((volume) => [volume.name, volume]));
    expect(proxy?.args).toEqual(['--config', `/etc/tp-proxy/config/${file}`]);
    expect(volumes.get(mounts.get('/etc/tp-proxy/config') ?? '')?.configMap?.name).toBe(
      config.metadata.name,
    );
    expect(volumes.get(mounts.get('/etc/tp-proxy/tls') ?? '')?.secret).toBeDefined();
    expect(mounts.size).toBe(volumes.size);
  });

  it('ask for health at the admin port, which the kubelet can reach', () => {
    const admin = proxy?.ports?.find((port) => port.name === 'admin')?.containerPort;
    expect(settings.admin).toBe(`0.0.0.0:${admin}`);
    expect(template.metadata.annotations['prometheus.io/port']).toBe(String(admin));
    expect(proxy?.readinessProbe?.httpGet).toEqual({ path: '/readyz', port: 'admin' });
    expect(proxy?.livenessProbe?.httpGet).toEqual({ path: '/healthz', port: 'admin' });
  });

  it('leave time to drain', () => {
    const [sleep = 'sleep', seconds = '0'] = proxy?.lifecycle?.preStop.exec.command ?? [];
    expect(sleep).toBe('sleep');
    expect(settings['drain-timeout']).toBe(DRAIN_SECONDS * 1000);
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(
      Number(seconds) + DRAIN_SECONDS + SPARE_SECONDS,
    );
  });

  it('select the pods that they make', () => {
    for (const one of manifests) {
      if (one.kind === 'Service') expect(template.metadata.labels).toMatchObject(one.spec.selector);
      if (one.kind === 'PodDisruptionBudget') {
        expect(template.metadata.labels).toMatchObject(one.spec.selector.matchLabels);
      }
    }
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
  });
});

describe('the Kubernetes manifests together', () => {
  it('lead the sidecar to the headless service of the gateway, at the port where it listens', () => {
    const gateway = readManifests(read('kubernetes/gateway.yaml'));
    const sidecar = only(readManifests(read('kubernetes/sidecar.yaml')), 'ConfigMap');
    const service = only(gateway, 'Service');
    const [port] = service.spec.ports;
    const address = `teleports://${service.metadata.name}.default.svc.cluster.local:${port?.port}`;
    expect(Object.values(sidecar.data).join()).toContain(`"${address}"`);
    const container = only(gateway, 'Deployment').spec.template.spec.containers[0];
    const target = container?.ports?.find(({ name }) => name === port?.targetPort);
    expect(Object.values(only(gateway, 'ConfigMap').data).join()).toContain(
      `teleports://0.0.0.0:${target?.containerPort}`,
    );
  });
});

describe('the unit for systemd', () => {
  const unit = read('tp-proxy.service');
  const setting = (name: string): string | undefined =>
    new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1];

  it('reloads by SIGHUP, drains by SIGTERM and leaves time for it', () => {
    expect(setting('Type')).toBe('exec');
    expect(setting('ExecReload')).toBe('/bin/kill -HUP $MAINPID');
    expect(setting('KillSignal')).toBe('SIGTERM');
    expect(Number(setting('TimeoutStopSec'))).toBeGreaterThanOrEqual(DRAIN_SECONDS + SPARE_SECONDS);
    expect(Number(setting('LimitNOFILE'))).toBeGreaterThan(65_536);
  });

  const analyze = findProgram('systemd-analyze');
  const title = `is one that systemd takes${analyze === undefined ? ' (skipped: no systemd-analyze)' : ''}`;
  it.skipIf(analyze === undefined)(title, async () => {
    const path = join(temporaryFolder(), 'tp-proxy.service');
    // The command need not be installed here, but systemd wants to find it.
    writeFileSync(path, unit.replaceAll('/usr/local/bin/tp-proxy', process.execPath));
    const { stderr } = await promisify(execFile)(analyze ?? '', ['verify', '--man=no', path]);
    expect(stderr.split('\n').filter((line) => line.includes('tp-proxy.service'))).toEqual([]);
  });
});

describe('the Dockerfile', () => {
  const dockerfile = read('Dockerfile').replaceAll('\\\n', '');
  const lines = (word: string): string[] =>
    [...dockerfile.matchAll(new RegExp(`^${word} (.*)$`, 'gm'))].map(([, rest = '']) => rest);

  it('takes the major version of Node that the project is built with', () => {
    const root = z
      .looseObject({ devDependencies: z.looseObject({ node: z.string() }) })
      .parse(
        JSON.parse(readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8')),
      );
    const [major] = root.devDependencies.node.split('.');
    expect(lines('FROM')).toEqual([`node:${major}-slim AS build`, `node:${major}-slim`]);
  });

  it('runs as nobody in particular, and asks for health where the proxy answers', () => {
    expect(lines('USER')).toEqual(['1000:1000']);
    const admin = /TP_PROXY_(ADMIN)=0\.0\.0\.0:(\d+)/.exec(dockerfile);
    expect([...SETTINGS.keys()]).toContain(admin?.[1]?.toLowerCase());
    expect(dockerfile).toContain(`http://127.0.0.1:${admin?.[2]}/healthz`);
    expect(lines('EXPOSE')[0]).toContain(admin?.[2]);
  });

  it.each(['HEALTHCHECK', 'ENTRYPOINT', 'CMD'])('has a %s that is a list of words', (word) => {
    const [rest = ''] = lines(word);
    const command = z.array(z.string()).parse(JSON.parse(rest.slice(rest.indexOf('['))));
    expect(command.length).toBeGreaterThan(1);
  });
});

describe('the dashboard for Grafana', () => {
  const dashboard = z
    .looseObject({
      panels: z.array(
        z.looseObject({
          id: z.int(),
          title: z.string(),
          gridPos: z.object({ x: z.int(), y: z.int(), w: z.int(), h: z.int() }),
          targets: z.array(
            z.object({ refId: z.string(), expr: z.string(), legendFormat: z.string() }),
          ),
        }),
      ),
      templating: z.object({ list: z.array(z.looseObject({ name: z.string() })) }),
    })
    .parse(JSON.parse(read('grafana-dashboard.json')));
  const targets = dashboard.panels.flatMap((panel) => panel.targets);

  it('asks for metrics and labels that a proxy serves, and for all of them', async () => {
    const served = await servedSeries();
    const asked = new Set<string>();
    for (const { expr, legendFormat } of targets) {
      const names = expr.match(/\btp_\w+/g) ?? [];
      expect(names.length, expr).toBeGreaterThan(0);
      for (const name of names) asked.add(name);
      const known = new Set(names.flatMap((name) => [...(served.get(name) ?? [])]));
      const labels = [
        ...[...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', ')),
        ...[...expr.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label = '']) => label),
        ...[...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label),
      ];
      for (const label of labels) {
        if (!OF_PROMETHEUS.has(label)) expect(known, `${label} in ${expr}`).toContain(label);
      }
    }
    expect([...asked].sort()).toEqual([...served.keys()].sort());
  });

  it('has brackets that match, panels that do not overlap, and variables that are declared', () => {
    const declared = new Set(dashboard.templating.list.map(({ name }) => name));
    const builtIn = new Set(['__rate_interval']);
    const cells = new Set<string>();
    for (const { expr } of targets) {
      for (const [open = '', close = ''] of ['()', '{}', '[]'].map((pair) => [...pair])) {
        expect(expr.split(open).length, expr).toBe(expr.split(close).length);
      }
      for (const [, name = ''] of expr.matchAll(/\$(\w+)/g)) {
        expect(declared.has(name) || builtIn.has(name), name).toBe(true);
      }
    }
    for (const { gridPos, title } of dashboard.panels) {
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(x, title).toBeLessThan(24);
          expect(cells.has(`${x},${y}`), title).toBe(false);
          cells.add(`${x},${y}`);
        }
      }
    }
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });
});

/** What Prometheus adds to each series. */
const OF_PROMETHEUS = new Set(['job', 'instance']);

/** The series of `/metrics` of a near proxy that has had traffic and reached a limit, with their labels. */
async function servedSeries(): Promise<Map<string, Set<string>>> {
  const origin = await rawOrigin(always('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
  const { address, near } = await startChain('a pair', origin.address, ['--max-body', '1']);
  expect((await fetch(address)).status).toBe(200);
  expect((await fetch(address, { method: 'POST', body: 'long' })).status).toBe(413);
  const admin = await startAdmin({ host: '127.0.0.1', port: 0 }, sourceOf(near));
  onTestFinished(() => admin.close());
  const text = await (await fetch(`${admin.address}/metrics`)).text();
  const series = new Map<string, Set<string>>();
  for (const [, name = '', labels = ''] of text.matchAll(/^(tp_\w+)(?:\{([^}]*)\})? \S+$/gm)) {
    const seen = series.get(name) ?? new Set();
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) seen.add(label);
    series.set(name, seen);
  }
  return series;
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tp-deploy-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}
