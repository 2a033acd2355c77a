/** The jobs of queues in a browser, by bull-board. */
import { listenError } from '../serve/output.js';
import type { TaskQueue } from './task_queue.js';

export interface Dashboard extends AsyncDisposable {
  readonly url: string;
}

const load = async () => {
  try {
    return await Promise.all([
      import('@bull-board/api'),
      import('@bull-board/api/bullMQAdapter'),
      import('@bull-board/fastify'),
    ]);
  } catch (error) {
    throw new Error(
      '--dashboard: bull-board is not installed; run: npm install @bull-board/api@9.10.1 @bull-board/fastify@9.10.1',
      {
        cause: error,
      },
    );
  }
};

/**
 * Serves the dashboard of some queues. It asks nobody for a password, and lets all who reach it remove jobs.
 * @throws one line when bull-board is not installed, or the port cannot be listened on
 */
export async function serveDashboard(queues: readonly TaskQueue[], host: string, port: number): Promise<Dashboard> {
  const [{ createBullBoard }, { BullMQAdapter }, { FastifyAdapter }] = await load();
  const { fastify } = await import('fastify');
  const serverAdapter = new FastifyAdapter();
  createBullBoard({ queues: queues.map(({ bull }) => new BullMQAdapter(bull)), serverAdapter });
  const app = fastify();
  await app.register(serverAdapter.registerPlugin());
  const url = await app.listen({ host, port }).catch((error: unknown) => {
    throw listenError(error, host, port);
  });
  return { url, [Symbol.asyncDispose]: () => app.close() };
}
