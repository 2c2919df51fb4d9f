/* Loading one recipe into a slot (src/plc/handshake.ts) against a PLC that takes it at any moment: the PLC takes what it finds
 * when the flag is 0 and the slot holds a name, and sets the flag to 1. A crash may end the writer between any two requests;
 * it then starts again from the beginning, remembering nothing.
 * SHUT 0  the body is written while the flag may be 0, the flag 0 after it     must fail: the MO runs twice
 * SHUT 1  the flag is set to 1 first, then one more look, body, flag 0         must hold */
#ifndef SHUT
#define SHUT 1
#endif

byte body = 0;        /* write area: 0 blank, 1 our recipe */
bit flag = 0;         /* write area: 1 = taken; a cold PLC starts with 0 */
bool shown = false;   /* the read area shows our MO */
byte ran = 0;         /* how often the PLC started it */
bool loaded = false;  /* loaded_at is stored */
byte crashes = 0;

proctype plc() {
end:
  do
  :: atomic { flag == 0 && body == 1 -> flag = 1; shown = true; ran++; assert(ran <= 1) }
  od
}

inline may_crash() { if :: crashes < 2 -> crashes++; goto again :: true fi }

proctype writer() {
  byte found; bit was;
again:
  if :: loaded -> goto stored :: else fi;
  atomic { found = body; was = flag };      /* the write area first */
  if :: shown -> goto have :: else fi;      /* then the read area */
  if :: was == 0 && found == 1 -> goto have :: else fi;   /* our own recipe, waiting to be taken */
#if SHUT
  if
  :: was == 0 -> flag = 1; may_crash(); if :: shown -> goto have :: else fi
  :: else
  fi;
#endif
  body = 1; may_crash();
  flag = 0; may_crash();
have:
  loaded = true;
stored:
  (ran == 1)                                /* it is run in the end: no recipe is lost */
}

init { atomic { run plc(); run writer() } }
