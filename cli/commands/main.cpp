#include "cli/commands/command.h"

int main(int count, char** words) {
  return braid::cli::run_command_line(count, words);
}
