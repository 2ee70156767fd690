// The static libstdc++ asks glibc 2.32's __libc_single_threaded whether it may count references without atomic
// operations. With an answer of our own (0: it may not) the binary also loads on the glibc 2.28 that Node 20 runs on.
extern "C" {
__attribute__((visibility("hidden"))) char __libc_single_threaded = 0;
}
