// Lets the threads on which gRPC calls our reactions wait until there is something to do. Left
// alone they look every second, and sleep a tenth of one after each look that found nothing: some
// hundred wakes a minute in an idle guest, and a pause for a call that comes then. The linker leads
// gRPC's own calls here (--wrap); their queues wake them also when they are shut down.
#include <grpc/grpc.h>
#include <grpc/support/time.h>

extern "C" {

grpc_event __real_grpc_completion_queue_next(grpc_completion_queue* queue, gpr_timespec deadline,
                                             void* reserved);
grpc_event __wrap_grpc_completion_queue_next(grpc_completion_queue* queue, gpr_timespec deadline,
                                             void* reserved);

grpc_event __wrap_grpc_completion_queue_next(grpc_completion_queue* queue,
                                             gpr_timespec /*deadline*/, void* reserved) {
    return __real_grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_REALTIME), reserved);
}

}  // extern "C"
