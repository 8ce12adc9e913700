//! Launch, threads, stop, memory, registers: the only door to the running world.
