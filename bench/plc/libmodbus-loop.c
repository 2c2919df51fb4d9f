/* Yardstick: one read of 77 registers per slot of the bundled map, over libmodbus, in one thread per PLC.
   argv: port, PLCs. Each line on standard input is one cycle of all PLCs; the answer is its time in microseconds. */
#include <modbus.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SLOTS = 10, WORDS = 77, BASE = 6000, STRIDE = 100 };

static pthread_barrier_t begin, end;
static int port;

static void *read_plc(void *unused) {
  (void)unused;
  uint16_t words[WORDS];
  modbus_t *plc = modbus_new_tcp("127.0.0.1", port);
  modbus_set_slave(plc, 1);
  if (modbus_connect(plc) != 0) exit(1);
  for (;;) {
    pthread_barrier_wait(&begin);
    for (int slot = 0; slot < SLOTS; slot++)
      if (modbus_read_registers(plc, BASE + slot * STRIDE, WORDS, words) != WORDS) exit(1);
    pthread_barrier_wait(&end);
  }
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  port = atoi(argv[1]);
  int plcs = atoi(argv[2]);
  pthread_barrier_init(&begin, NULL, plcs + 1);
  pthread_barrier_init(&end, NULL, plcs + 1);
  for (int plc = 0; plc < plcs; plc++) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, read_plc, NULL) != 0) return 1;
  }
  while (getchar() == '\n') {
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    pthread_barrier_wait(&begin);
    pthread_barrier_wait(&end);
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("%.1f\n", (to.tv_sec - from.tv_sec) * 1e6 + (to.tv_nsec - from.tv_nsec) / 1e3);
    fflush(stdout);
  }
  return 0;
}
