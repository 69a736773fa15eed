import type { Socket } from 'node:net'
import type { ApiServer } from '../deps.ts'

/**
 * A browser opens connections before it needs them. One that has never asked anything is neither
 * idle nor busy for Node, and closing would wait a minute for it.
 */
export function addSilentConnections(server: ApiServer): void {
  const silent = new Set<Socket>()
  server.server.on('connection', (socket: Socket) => {
    silent.add(socket)
    socket.once('close', () => silent.delete(socket))
  })
  server.server.on('request', ({ socket }) => silent.delete(socket))
  server.addHook('preClose', (done) => {
    for (const socket of silent) socket.destroy()
    done()
  })
}
