/** In the data directory: names the socket through which a running node is asked (control-socket.ts). */
export const controlFileName = "maceken.control";
