#include "tests/scenarios/machine.h"

#include <sstream>

#include "runtime/base/check.h"
#include "runtime/state/memory_store.h"
#include "tests/scenarios/oracle_service.h"

namespace braid::scenarios {

Machine::Machine(uint64_t seed, const RecordedInput& input) : fs(seed) {
  std::map<std::string, std::string> files;
  for (const auto& [source, partitions] : input.values.sources)
    for (const auto& partition : partitions) files["in/" + source + "/" + partition.name + ".ndjson"];
  for (const auto* turns : {&input.tables, &input.turns})
    for (const RecordedTurn& turn : *turns)
      files["in/" + turn.source + "/" + std::to_string(turn.partition) + ".ndjson"] += turn.bytes;
  for (const auto& [path, content] : files) {
    BRAID_CHECK(fs.make_directories(parent_directory(path)).ok());
    BRAID_CHECK(fs.write_file(path, content).ok());
    BRAID_CHECK(fs.sync_directory(parent_directory(path)).ok());
  }
}

JobOptions Machine::options() {
  JobOptions options;
  options.project = "t";
  options.directory = "data";
  options.commit_every_turns = 2;
  return options;
}

void Machine::bind(Program& program) {
  for (SourceSpec& source : program.sources) {
    source.binding.kind = "file";
    source.binding.address = "in/" + source.name + "/*.ndjson";
  }
}

Result<JobReport> Machine::run(const Program& program, const JobOptions& options) {
  if (options.workers > 1 && !threads_) threads_ = std::make_unique<ThreadExecutor>(options.workers);
  Executor& executor = options.workers > 1 ? static_cast<Executor&>(*threads_) : one_;
  JobSeams seams{fs, clock_, executor,
                 [this](const std::string& directory) { return MemoryStore::open(fs, directory); }};
  seams.make_service = answers_of_oracle;
  return run_job(program, options, seams);
}

std::map<std::string, std::vector<std::string>> Machine::outputs() {
  std::map<std::string, std::vector<std::string>> files;
  const auto names = fs.list_directory("data/out");
  for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
    std::istringstream text(*fs.read_file("data/out/" + name));
    auto& lines = files[name];
    for (std::string line; std::getline(text, line);) lines.push_back(line);
  }
  return files;
}

}  // namespace braid::scenarios
