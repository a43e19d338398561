"""Serves a GGUF model with llama.cpp's own HTTP server on loopback.

Prints one line, the address with `/v1`, and serves until it is told to stop or
the process that started it goes away.

Usage: serve.py MODEL.gguf
"""

import os
import signal
import sys
import time

import xllamacpp


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    params = xllamacpp.CommonParams()
    params.model.path = sys.argv[1]
    params.model_alias = {"waystation-random"}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = 8192
    params.n_parallel = 4
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.warmup = False
    server = xllamacpp.Server(params)
    print(f"{server.listening_address}/v1", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(1)


if __name__ == "__main__":
    main()
