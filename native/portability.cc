#include <cstdlib>

// The static libstdc++ reads __libc_single_threaded of glibc 2.32 to decide whether reference counts need atomic
// operations. This definition (0: they do) takes its place, so that the addon also loads on glibc 2.28, the oldest that
// Node 20 supports.
extern "C" {
// NOLINTNEXTLINE(bugprone-reserved-identifier): the name is that of glibc.
__attribute__((visibility("hidden"))) char __libc_single_threaded = 0;
}

// The handler of libstdc++ prints the demangled name of the exception, and brings the demangler with it: 60 KB. No
// exception leaves a function of the addon, so that this is never called.
// NOLINTBEGIN(bugprone-reserved-identifier): the names are those of libstdc++.
namespace __gnu_cxx {
void __verbose_terminate_handler();
void __verbose_terminate_handler() { std::abort(); }
}  // namespace __gnu_cxx
// NOLINTEND(bugprone-reserved-identifier)
