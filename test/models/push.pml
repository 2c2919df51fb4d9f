/* Telling Odoo about one batch (src/line/push.ts, src/line/complete.ts): requests may be lost, answers may be lost, a request may
 * arrive after we gave up waiting, the completer may crash, and two completers may work on the batch at once.
 * ODOO 0  the endpoint adds, and is repeated blindly                            must fail
 * ODOO 1  the endpoint adds, and Odoo is read before each try                   must fail: a late request lands after the look
 * ODOO 2  absolute values, refused once the MO is done; read before each try    must hold */
#ifndef ODOO
#define ODOO 2
#endif

byte consumed = 0;   /* how often the batch was taken from stock */
bool done = false;   /* state of the MO */
byte flight = 0;     /* requests on their way */
bool archived = false;

proctype network() {
end:
  do
  :: atomic {
       flight > 0 -> flight--;
       if
#if ODOO == 2
       :: !done -> consumed++; done = true
       :: done -> skip
#else
       :: consumed++; done = true
#endif
       :: skip      /* lost */
       fi;
       assert(consumed <= 1)
     }
  od
}

proctype completer() {
  byte tries = 0; bool looked;
  do
  :: archived -> break
  :: !archived && tries < 3 ->
     looked = false;
#if ODOO > 0
     looked = done;
#endif
     if
     :: looked -> archived = true
     :: else -> atomic { flight++; tries++ };
        if
        :: done -> atomic { assert(consumed == 1); archived = true }   /* read back */
        :: true      /* time-out, lost answer or crash: from the beginning */
        fi
     fi
  :: !archived && tries == 3 -> break
  od
}

init { atomic { run network(); run completer(); run completer() } }
