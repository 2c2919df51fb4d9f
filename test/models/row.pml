/* The life of one row of mo_batch (src/queue/steps.ts, archive.ts): reader, two completers and a canceller at once, with crashes.
 * STEPS 0  flags that are looked at and set without a guard                          must fail
 * STEPS 1  UPDATE ... WHERE state AND row_version, no row back = somebody was first    must hold */
#ifndef STEPS
#define STEPS 1
#endif

mtype = { queued, finished, pushing, pushed, cancelling };
mtype state = queued;
bool in_queue = true;
byte records = 0;      /* rows in mo_histories */
bool odoo_done = false, odoo_cancelled = false;
byte dones = 0, crashes = 0;

#define consistent (!(odoo_done && odoo_cancelled) && records <= 1 && (in_queue -> records == 0 : records == 1) && dones <= 1)

inline may_crash() { if :: crashes < 2 -> crashes++; goto over :: true fi }

inline odoo_mark_done() { atomic { if :: !odoo_cancelled && !odoo_done -> odoo_done = true; dones++ :: else fi; assert(consistent) } }
inline odoo_cancel()    { atomic { if :: !odoo_done -> odoo_cancelled = true :: else fi; assert(consistent) } }

proctype reader() {
  if
#if STEPS
  :: atomic { in_queue && state == queued -> state = finished }
#else
  :: in_queue && state == queued -> state = finished
#endif
  :: !(in_queue && state == queued)
  fi
}

proctype completer() {
  byte turns = 0; bool mine;
  do
  :: turns < 2 ->
     turns++; mine = false;
#if STEPS
     atomic { if :: in_queue && (state == finished || state == pushing) -> state = pushing; mine = true :: else fi };
#else
     if :: in_queue && (state == finished || state == pushing) -> mine = true :: else fi;
#endif
     if :: !mine -> goto over :: else fi;
     may_crash();
     odoo_mark_done();
     may_crash();
     if :: !odoo_done -> goto over :: else fi;     /* read back */
#if STEPS
     atomic { if :: in_queue && state == pushing -> state = pushed :: else fi };
     may_crash();
     atomic { if :: in_queue && state == pushed -> in_queue = false; records++ :: else fi; assert(consistent) }
#else
     atomic { in_queue = false; records++; assert(consistent) }
#endif
over: skip
  :: else -> break
  od
}

proctype canceller() {
  byte turns = 0;
  do
  :: turns < 2 ->
     turns++;
#if STEPS
     atomic { if :: in_queue && (state == queued || state == finished || state == cancelling) -> state = cancelling :: else -> goto over fi };
#else
     if :: in_queue && state != pushing -> skip :: else -> goto over fi;
#endif
     may_crash();
     odoo_cancel();
     may_crash();
#if STEPS
     atomic { if :: in_queue && state == cancelling -> in_queue = false; records++ :: else fi; assert(consistent) }
#else
     atomic { in_queue = false; records++; assert(consistent) }
#endif
over: skip
  :: else -> break
  od
}

init { atomic { run reader(); run completer(); run completer(); run canceller() } }
