/* The gate (src/queue/gate.ts): N instances fetch and queue sets, one completer empties the queue.
 * An instance reads e0 and the rows, fetches from Odoo (anything may happen meanwhile), then inserts in one step.
 * MODE 0  a count, then an insert                                     must fail
 * MODE 1  a count under a lock, the list from before the lock          must fail
 * MODE 2  the fetch number e0 + 1, usable once (the tables of data)     must hold */
#ifndef MODE
#define MODE 2
#endif
#ifndef N
#define N 3
#endif
#define SETS 8     /* more than the instances can queue */

byte rows = 0;      /* batches in the queue */
byte owner = 0;     /* the set they belong to */
byte seq = 0;       /* highest fetch number */
byte offered = 0;   /* the set that Odoo lists as confirmed */
bool ended[SETS];   /* in the history */

inline queue_set(set) {
  assert(rows == 0);      /* never a second set beside one at work */
  assert(!ended[set]);    /* never an MO of the history again */
  owner = set; rows = 1; seq++
}

proctype instance() {
  byte e0, set, seen, runs = 0;
  do
  :: runs < 2 ->
     runs++;
     d_step { e0 = seq; seen = rows };     /* one statement */
     if :: seen > 0 -> goto next :: else fi;
     set = offered;                        /* the answer of Odoo */
#if MODE == 0
     atomic { queue_set(set) }
#elif MODE == 1
     atomic { if :: rows == 0 -> queue_set(set) :: else fi }
#else
     atomic { if :: seq == e0 && rows == 0 -> queue_set(set) :: else fi }   /* else: lost the race, the list is dropped */
#endif
next: skip
  :: else -> break
  od
}

/* The whole life of a set after it is queued. Odoo lists the next one only when this one is done there. */
proctype plant() {
end:
  do
  :: atomic { rows > 0 -> ended[owner] = true; offered = owner + 1; rows = 0 }
  od
}

init {
  byte i = 0;
  atomic { do :: i < N -> run instance(); i++ :: else -> break od; run plant() }
}
