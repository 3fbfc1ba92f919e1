#include "tests/generated/isolated.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "runtime/base/check.h"

namespace braid::generated {

std::string isolated(const std::function<std::string()>& work, int seconds) {
  int ends[2];
  BRAID_CHECK(pipe(ends) == 0, "no pipe");
  std::fflush(nullptr);
  const pid_t child = fork();
  BRAID_CHECK(child >= 0, "no process");
  if (child == 0) {
    close(ends[0]);
    alarm(static_cast<unsigned>(seconds));
    const std::string made = work();
    for (size_t at = 0; at < made.size();) {
      const ssize_t written = write(ends[1], made.data() + at, made.size() - at);
      if (written <= 0) break;
      at += static_cast<size_t>(written);
    }
    std::fflush(nullptr);
    _exit(0);
  }
  close(ends[1]);
  std::string made;
  char piece[4096];
  for (ssize_t got; (got = read(ends[0], piece, sizeof piece)) > 0;) made.append(piece, static_cast<size_t>(got));
  close(ends[0]);
  int status = 0;
  BRAID_CHECK(waitpid(child, &status, 0) == child, "the child is gone");
  if (WIFSIGNALED(status)) return kEnded + ("signal " + std::to_string(WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0) return kEnded + ("exit " + std::to_string(WEXITSTATUS(status)));
  return made;
}

}  // namespace braid::generated
