"""A worker of `tf.data`'s service in a separate process; its only argument is the address."""

import sys

import tensorflow as tf

if __name__ == "__main__":
    service = tf.data.experimental.service
    config = service.WorkerConfig(sys.argv[1], heartbeat_interval_ms=200)
    service.WorkerServer(config).join()
