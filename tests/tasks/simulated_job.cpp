#include "tests/tasks/simulated_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <set>

#include "runtime/broker/sim_executor.h"
#include "runtime/codec/avro_encoder.h"
#include "runtime/codec/protobuf_encoder.h"
#include "runtime/codec/schema_framing.h"
#include "runtime/engine/test_job.h"
#include "runtime/promise/volume_counts.h"
#include "runtime/snapshot/folder_store.h"
#include "runtime/tasks/task.h"
#include "runtime/tasks/topic_job.h"
#include "tests/tasks/asked_service.h"
#include "tests/tasks/joined_tables.h"
#ifdef BRAID_SIMULATED_REGISTRY
#include "tests/tasks/simulated_schemas.h"
#endif

namespace braid {
namespace {

constexpr int64_t kSecond = 1'000'000, kMillisecond = 1000;
/// Each record that is fed has a producer of its own.
constexpr int64_t kFeeder = 1'000'000;

/// A period that all event times are in.
constexpr int64_t kCounted = 1'000'000 * kSecond;

/// Of the schemas of products.
constexpr uint32_t kFirstId = 70'000;

using Rows = std::multiset<std::string>;

/// A record as it is fed.
struct Fed {
  std::string line;  ///< of a file
  std::optional<std::string> key = {}, value = {};
  int64_t timestamp_ms = 0;
  NewRecord record(const TopicPartition& place) const {
    return {.place = place, .key = key, .value = value, .headers = {}, .timestamp_ms = timestamp_ms};
  }
};

/// Reads the rows of a product as lines of JSON.
class RowReader {
 public:
  RowReader(const ProductSpec& product, const TopicBinding& binding) : product_(product), binding_(binding) {
    if (binding.format == "json") return;
    DecodePlan plan{.format = is_protobuf() ? Format::protobuf : Format::avro,
                    .bare_schema = is_protobuf() ? binding.schema : *avro_schema_of(product.qualified(), product.row)};
    for (const Field& field : product.row)
      plan.fields.push_back({.name = field.name, .path = {field.name}, .type = field.type});
    decoder_ = make_decoder(plan);
    encoder_ = make_encoder(Format::ndjson, product.row);
  }

  /// The row that a committed record of this place holds. What is committed stays: it is read once.
  const std::string& row_at(int32_t partition, int64_t offset, std::string_view value) {
    const auto [line, is_new] = lines_.try_emplace({partition, offset});
    if (is_new) line->second = decoder_ == nullptr ? std::string(value) : read(value);
    return line->second;
  }

 private:
  bool is_protobuf() const { return binding_.format == "protobuf"; }

  std::string read(std::string_view value) {
    std::string reason;
    const auto framed =
        read_framing(value, std::nullopt, is_protobuf() ? SchemaLanguage::protobuf : SchemaLanguage::avro, reason);
    if (!framed || framed->framing.id.number != binding_.schema_id) return "without its schema id: " + reason;
    Arena arena(4096);
    const MessageInput message{.value = framed->value};
    const DecodedTurn turn = decoder_->decode({.messages = {&message, 1}}, arena);
    if (turn.blocks.size() != 1) return "broken: " + turn.rejected.front().diagnostic.message;
    std::vector<Slot> slots;
    size_t column = 0;
    for (const Field& field : product_.row) {
      ++column;  // whether it could be read
      for (size_t leaf = 0; leaf < leaf_count(field.type); ++leaf)
        slots.push_back(read_slot(turn.blocks[0].columns[column++], 0));
    }
    std::string line;
    encoder_->append_row(slots.data(), line);
    line.pop_back();
    return line;
  }

  const ProductSpec& product_;
  const TopicBinding& binding_;
  std::unique_ptr<Decoder> decoder_;
  std::unique_ptr<Encoder> encoder_;
  std::map<std::pair<int32_t, int64_t>, std::string> lines_;
};

struct World {
  explicit World(const JobSimulation& with) : run(with), cluster(clock, options_of(with)), sim_clock(cluster.time()) {
    const auto cache = run.seed % 2 == 0 ? std::optional(2 * kSecond) : std::nullopt;
    program = run.asks      ? (run.tables ? test::asking_for_tables(builder, cache) : test::asking(builder, cache))
              : run.waits   ? waiting(builder)
              : run.deletes ? deleting(builder)
              : run.tables  ? joining_tables(builder)
              : run.moves   ? moving(builder)
              : run.pairs   ? pairing(builder)
                            : test::everything(builder);
    for (SourceSpec& source : program.sources) {
      if (source.is_static()) continue;
      if (!run.crosses) source.key = {0};
      source.binding = {"topic", source.name, run.format, {{"unit", "us"}}};
    }
    for (ProductSpec& product : program.products)
      if (run.counts)
        product.promises = {{.text = "volume", .bound_us = kCounted, .rule = PromiseSpec::Rule::volume, .most = 1}};
    for (size_t product = 0; product < program.products.size(); ++product) {
      program.products[product].key = {{run.tables && !run.asks ? 1 : 0}};
      if (run.tables && run.asks && product == 1) program.products[product].key.push_back({3});
      TopicBinding binding;
      binding.topic = topic_of_product(program.products[product]);
      binding.format = run.format;
      const ProductSpec& written = program.products[product];
      if (run.format == "protobuf") binding.schema = *protobuf_schema_of(written.qualified(), written.row);
      binding.schema_id = kFirstId + static_cast<uint32_t>(product);
      outputs[static_cast<int>(product)] = binding;
    }
  }
  static Program waiting(test::ProgramBuilder& b) {
    const int left = b.source("s", 30), right = b.source("t", 20, 1'000'000, true);
    b.publish(b.as_of_join(left, right, true, {}, 3 * kSecond), "p0");
    return b.program;
  }
  static Program moving(test::ProgramBuilder& b) {
    const int left = b.source("s", 30), right = b.source("t", 20, 1'000'000, true);
    b.publish(b.join_by_value(left, right, true), "p0");
    return b.program;
  }
  /// Pairs of one k, grouped by the v of their left rows: of those of one left row the group says which came first.
  static Program pairing(test::ProgramBuilder& b) {
    const int left = b.source("s", 30), right = b.source("t", 30);
    const int pairs = b.interval_join(left, right, false, false, -15, 15);
    const int made = b.group(pairs, 40, 40);
    Operator& op = b.program.operators[static_cast<size_t>(made)];
    auto& group = std::get<GroupOperator>(op.content);
    const Type met = b.row(pairs).back().type;
    const int field = static_cast<int>(b.row(pairs).size()) - 1;
    using Kind = AggregateSpec::Kind;
    group.keys = {1};
    group.aggregates = {{Kind::first, field, -1, -1, met},
                        {Kind::last, field, -1, -1, met},
                        {Kind::collect, field, -1, -1, list_type(met)}};
    const Field window = op.row.back();
    op.row = {{"v", int_type()}, {"first", met}, {"last", met}, {"all", list_type(met)}, window};
    b.publish(made, "p0");
    return b.program;
  }
  /// As `waiting`, with a table of which records without a value delete keys. In a file these have `d`.
  static Program deleting(test::ProgramBuilder& b) {
    const int left = b.source("s", 30 * kMillisecond), right = b.source("t", 20 * kMillisecond, kSecond, true);
    const Field deleted{"d", bool_type()};
    SourceSpec& table = b.program.sources.back();
    table.decode.push_back({deleted.name, {deleted.name}, deleted.type, false});
    table.from_kernel = b.kernel(std::make_shared<test::ConvertKernel>(std::vector<int>{0, 2, 4, 6}, table.sites[0]));
    table.passthrough.push_back(7);
    table.row.push_back(deleted);
    table.deleted_field = 3;
    b.program.operators[static_cast<size_t>(right)].row = table.row;
    const int joined = b.as_of_join(left, right, true);
    std::get<AsOfJoinOperator>(b.program.operators[static_cast<size_t>(joined)].content).shape.right_delete = 3;
    b.publish(joined, "p0");
    return b.program;
  }
  /// Of each `v` the newest `k`, with what the other table has for it. A row goes where that has a `v` of 5.
  static Program joining_tables(test::ProgramBuilder& b) {
    const int left = b.source("s", 30, 1'000'000, true), right = b.source("t", 30, 1'000'000, true);
    const int low = b.keep(test::changes_of_versions(b, right, {0}), [](int64_t v) { return v < 5; });
    test::publish_joined(b, test::changes_of_versions(b, left, {1}), low, 0, 1, "p0");
    return b.program;
  }
  static SimOptions options_of(const JobSimulation& run) {
    SimOptions options;
    options.seed = run.seed;
    options.level = run.level;
    return options;
  }
  const JobSimulation& run;
  test::ProgramBuilder builder;
  Program program;
  std::map<int, TopicBinding> outputs;
  std::map<int, RowReader> rows;  ///< of the outputs
  ManualClock clock{1'700'000'000 * kSecond};
  SimCluster cluster;
  SimClock sim_clock;
#ifdef BRAID_SIMULATED_REGISTRY
  SimulatedSchemas schemas{run.format == "protobuf"};
#endif
  std::map<std::string, Rows> expected;  ///< by topic
  Rows joined;                           ///< with `waits`: what rows are joined with in time, and all of it
  std::vector<std::pair<TopicPartition, Fed>> later;
  std::map<std::string, std::set<std::string>> poisoned;  ///< by topic of rejected rows: origins of records
  SimFs shared{run.seed + 1000};
  test::AskedBook service;
  JobSimulated outcome;
  std::set<SimBroker*> at_work;  ///< of the instances
  bool stop = false;
};

/// Values that no decoder takes for a record, in any format.
const std::optional<std::string> kPoison[] = {
    "broken", "", std::nullopt, " \n", "\xFF\xFE", "[1]", R"({"k":"a","v":"x","at":100})"};
constexpr uint64_t kPoisons = std::size(kPoison);
constexpr std::string_view kBroken = "broken";  ///< any of these in a file

bool is_poison(const BrokerRecord& record) {
  if (!record.value && record.key) return false;  // it deletes
  return std::ranges::any_of(kPoison, [&](const std::optional<std::string>& each) { return record.value == each; });
}

/// What the changes of a table come to: the row of each key.
class StandingTable {
 public:
  /// The row that comes, or none if that of the key goes. False if there was none to go.
  bool change(const std::string& key, const std::optional<std::string>& row) {
    if (!row) return rows_.erase(key) > 0;
    rows_[key] = *row;
    return true;
  }
  Rows rows() const {
    Rows found;
    for (const auto& [key, row] : rows_) found.insert(row);
    return found;
  }

 private:
  std::map<std::string, std::string> rows_;
};

/// Of a row of a table.
std::string key_of(const World& world, std::string_view line) {
  const size_t begin = line.find(world.run.asks ? "\"k\":" : "\"v\":");
  return std::string(line.substr(begin, line.find(',', begin) - begin));
}

/// What of a row does not depend on the clock.
std::string_view sure_of(const World& world, std::string_view row) {
  if (world.run.asks) return row.substr(0, row.find(",\"answer\":"));
  return world.run.waits ? row.substr(0, row.find(",\"r\":")) : row;
}

MakeService services_of(World& world, Clock& clock, uint64_t seed) {
  return [&world, &clock, seed](const ServiceSpec&) {
    return Result<std::unique_ptr<Service>>(std::make_unique<test::AskedService>(world.service, clock, seed));
  };
}

/// The same records as files: those of one partition number give what the task must give, or all what the job must
/// give, if rows of several meet.
void expect(World& world, const std::map<std::string, std::string>& files) {
  test::Machine machine(world.run.seed);
  for (const auto& [path, content] : files) machine.write(path, content);
  Program program = world.program;
  for (SourceSpec& source : program.sources)
    if (!source.is_static()) source.binding = {"file", "in/" + source.name + "-*.ndjson", "json", {{"unit", "us"}}};
  JobOptions options = test::job_options();
  options.seal = world.run.waits;  // live, no row waits for ever
  JobSeams seams = machine.seams();
  seams.make_service = services_of(world, machine.clock, 0);
  const auto report = run_job(program, options, seams);
  BRAID_CHECK(report.ok(), report.error().message);
  BRAID_CHECK(report->deviation == 0, "the accounts of the oracle do not add up");
  Rows last;
  for (const ProductSpec& product : program.products) {
    const std::string name = topic_of_product(product);
    const std::string path = "data/out/" + product.qualified() + ".v1.ndjson";
    auto text = machine.fs.read_file(path);
    if (!text.ok()) continue;
    std::string_view rest = *text;
    StandingTable table;
    while (!rest.empty()) {
      const size_t end = rest.find('\n');
      const std::string_view line = rest.substr(0, end);
      if (product.changes)
        table.change(key_of(world, line), line.find("__deleted") == line.npos
                                              ? std::optional<std::string>(sure_of(world, line))
                                              : std::nullopt);
      else
        world.expected[name].emplace(sure_of(world, line));
      if (world.run.waits) world.joined.emplace(line);
      rest.remove_prefix(end + 1);
    }
    // Rows by another key are the same ones.
    if (product.changes && (!world.run.asks || product.name == "p0")) last = table.rows();
    if (product.changes) world.expected[name] = last;
  }
}

std::string value_of(const World& world, const std::string& line, int record) {
#ifdef BRAID_SIMULATED_REGISTRY
  if (world.run.has_schemas()) return world.schemas.encode(line, record >= world.run.records / 3 && record % 3 > 0);
#endif
  (void)world;
  (void)record;
  return line;
}

Fed next_record(const World& world, const SourceSpec& source, Rng& rng, int64_t& now, int record) {
  now += rng.between(0, 4);
  const std::string key(1, static_cast<char>('a' + rng.below(5)));
  const int64_t value = rng.between(0, 5), time = now - rng.between(0, 30);
  std::string line = test::record(key, value, world.run.deletes ? time * kMillisecond : time);
  line.pop_back();
  if (rng.chance(25)) return {.line = std::string(kBroken), .value = kPoison[rng.below(kPoisons)]};
  if (source.deleted_field < 0) return {.line = line, .value = value_of(world, line, record)};
  const bool deletes = rng.chance(4);
  line.back() = ',';
  line += fmt::format(R"("d":{}}})", deletes);
  if (deletes) return {.line = line, .key = key, .timestamp_ms = time};
  return {.line = line, .key = key, .value = line};
}

/// Records of the topics that are poison: each product that reads them has a rejected row for each.
void note_poison(World& world) {
  for (const Operator& op : world.program.operators) {
    const auto* reads = std::get_if<SourceOperator>(&op.content);
    if (reads == nullptr || world.program.sources[static_cast<size_t>(reads->source)].is_static()) continue;
    const SourceSpec& source = world.program.sources[static_cast<size_t>(reads->source)];
    for (int32_t partition = 0; partition < world.run.partitions; ++partition) {
      const TopicPartition place{source.binding.address, partition};
      const SimLog& log = *world.cluster.log_of(place);
      log.visit(0, log.last_stable(), [&](const SimLog::Entry& entry, int64_t offset) {
        if (!is_poison(entry.payload->records()[static_cast<size_t>(offset - entry.base)])) return true;
        for (const int product : op.products)
          world.poisoned[topic_of_port(world.outputs.at(product), "rejected")].insert(
              fmt::format(R"("partition":"{}/{}","position":{},)", place.topic, partition, offset));
        return true;
      });
    }
  }
}

void load(World& world) {
  const JobSimulation& run = world.run;
  SimBroker broker(world.cluster, "source");
  auto writer = std::move(*broker.make_writer({.transactional_id = "source"}));
  auto sure = [](const BrokerStatus& status) { BRAID_CHECK(status.ok(), status.error().message); };
  sure(writer->begin_session(kSecond));
  for (const SourceSpec& source : world.program.sources)
    if (!source.is_static()) world.cluster.create({source.binding.address, run.partitions, -1, {}});
  const std::map<std::string, std::string> reference = {
      {"in/u.ndjson", test::record("a", 1, 0) + test::record("c", 2, 0)}};
  std::map<std::string, std::string> files = reference;
  for (int32_t partition = 0; partition < run.partitions; ++partition) {
    Rng rng(hash_mix(run.seed, static_cast<uint64_t>(partition)));
    for (const SourceSpec& source : world.program.sources) {
      if (source.is_static()) continue;
      std::string& text = files[fmt::format("in/{}-{}.ndjson", source.name, partition)];
      int64_t now = 100;
      for (int i = 0; i < run.records;) {
        sure(writer->begin_transaction(kSecond));
        // In the middle of it the job begins, and the rest is fed.
        if (run.feed_us > 0 && i >= run.records / 2) {
          sure(writer->abort_transaction(kSecond));
          for (; i < run.records; ++i) {
            Fed fed = next_record(world, source, rng, now, i);
            text += fed.line + "\n";
            world.later.emplace_back(TopicPartition{source.binding.address, partition}, std::move(fed));
          }
          break;
        }
        const bool aborted = rng.chance(5);
        for (int64_t more = rng.between(1, 20); more > 0 && i < run.records; --more) {
          const Fed fed = next_record(world, source, rng, now, i);
          sure(writer->write(fed.record({source.binding.address, partition})));
          if (aborted) continue;
          text += fed.line + "\n";
          ++i;
        }
        sure(writer->flush(kSecond));
        sure(aborted ? writer->abort_transaction(kSecond) : writer->commit_transaction(kSecond));
      }
    }
    if (!run.crosses) expect(world, std::exchange(files, reference));
  }
  if (run.crosses) expect(world, files);
}

/// The committed records of a topic.
void visit(World& world, const std::string& topic,
           const std::function<void(int32_t, int64_t, const BrokerRecord&)>& take) {
  for (int32_t partition = 0; partition < world.cluster.partitions_of(topic); ++partition) {
    const SimLog& log = *world.cluster.log_of({topic, partition});
    log.visit(0, log.last_stable(), [&](const SimLog::Entry& entry, int64_t offset) {
      take(partition, offset, entry.payload->records()[static_cast<size_t>(offset - entry.base)]);
      return true;
    });
  }
}

/// Whether each poison record has its rejected rows; one that is there again is noted.
bool check_poison(World& world) {
  note_poison(world);
  bool whole = true;
  for (const auto& [topic, origins] : world.poisoned) {
    std::map<std::string, int> found;
    visit(world, topic, [&](int32_t, int64_t, const BrokerRecord& record) {
      const std::string_view row = *record.value;
      const size_t begin = row.find("\"partition\":"), end = row.find("\"line\":", begin);
      if (begin != std::string_view::npos) ++found[std::string(row.substr(begin, end - begin))];
    });
    for (const std::string& origin : origins) {
      const int times = found[origin];
      if (times > 1 && world.run.delivery == Delivery::at_least_once) world.outcome.repeated += times - 1;
      if (times > 1 && world.run.delivery == Delivery::exactly_once && world.outcome.violation.empty())
        world.outcome.violation =
            fmt::format("seed {}: {} has {} rows of the record {}", world.run.seed, topic, times, origin);
      if (times > 0) ++world.outcome.rejected;
      if (times > 0) continue;
      whole = false;
      world.outcome.stall = fmt::format("seed {}: {} has no row of the record {}", world.run.seed, topic, origin);
    }
  }
  return whole;
}

/// Of the rows that a topic must hold those that are not there.
Rows missing_rows(World& world, const std::string& topic, RowReader& reader, uint64_t* trace) {
  Rows missing = world.expected[topic];
  visit(world, topic, [&](int32_t partition, int64_t offset, const BrokerRecord& record) {
    const std::string& row = reader.row_at(partition, offset, *record.value);
    if (world.run.waits && !world.joined.contains(row)) ++world.outcome.early;
    const std::string value(sure_of(world, row));
    if (trace != nullptr) *trace = hash_mix(*trace, key_hash(value));
    const auto found = missing.find(value);
    if (found != missing.end())
      missing.erase(found);
    else if (world.run.delivery == Delivery::at_least_once && world.expected[topic].contains(value))
      ++world.outcome.repeated;
    else if (world.outcome.violation.empty())
      world.outcome.violation = fmt::format("seed {}: {}/{} offset {} must not be there: {}", world.run.seed, topic,
                                            partition, offset, value);
  });
  return missing;
}

/// As missing_rows(), of a table: what stands by the changes so far must be what stands at the end, row for row.
Rows missing_of_table(World& world, const std::string& topic, RowReader& reader, uint64_t* trace) {
  StandingTable table;
  visit(world, topic, [&](int32_t partition, int64_t offset, const BrokerRecord& record) {
    std::optional<std::string> row;
    if (record.value) row = reader.row_at(partition, offset, *record.value);
    if (trace != nullptr) *trace = hash_mix(*trace, key_hash(row.value_or("")));
    if (!table.change(fmt::format("{}/{}", partition, *record.key), row) && world.outcome.violation.empty())
      world.outcome.violation = fmt::format("seed {}: {}/{} offset {}: a row goes that is not there", world.run.seed,
                                            topic, partition, offset);
  });
  Rows standing;
  for (const std::string& row : table.rows()) standing.emplace(sure_of(world, row));
  Rows differ;
  std::ranges::set_symmetric_difference(standing, world.expected[topic], std::inserter(differ, differ.end()));
  return differ;
}

/// Whether the topics hold what they must; what they must not is noted.
bool check(World& world, uint64_t* trace) {
  world.outcome.repeated = world.outcome.early = world.outcome.rejected = 0;
  bool whole = check_poison(world);
  for (const auto& [number, binding] : world.outputs) {
    const ProductSpec& product = world.program.products[static_cast<size_t>(number)];
    RowReader& reader = world.rows.try_emplace(number, product, binding).first->second;
    const Rows missing = (product.changes ? missing_of_table : missing_rows)(world, binding.topic, reader, trace);
    if (missing.empty()) continue;
    whole = false;
    world.outcome.stall = fmt::format("seed {}: {} rows of {} are missing, as {}", world.run.seed, missing.size(),
                                      binding.topic, *missing.begin());
  }
  if (whole) world.outcome.stall.clear();
  return whole;
}

/// What the last commits state of `volume`, against the rows in the topics.
void check_counts(World& world) {
  const std::vector<const PromiseSpec*> promises = volume_promises(world.program);
  std::vector<TopicPartition> places;
  for (const std::string& topic : world.cluster.topics())
    for (int32_t partition = 0; partition < world.cluster.partitions_of(topic); ++partition)
      places.push_back({topic, partition});
  std::set<std::string> tokens;  // a task states the same with each of its inputs
  for (const BrokerGroup::Committed& each : world.cluster.groups().committed("job", places).found)
    if (each.offset) tokens.insert(each.metadata);
  std::vector<int64_t> stated(promises.size());
  for (const std::string& token : tokens) {
    const auto counts = read_volumes(read_volumes_of(token), promises);
    if (!counts) {
      world.outcome.violation = fmt::format("seed {}: `{}` states no counts", world.run.seed, token);
      return;
    }
    for (size_t i = 0; i < counts->size(); ++i)
      for (const auto& [period, rows] : (*counts)[i].periods) stated[i] += rows;
  }
  for (size_t product = 0; product < promises.size(); ++product) {
    const std::string& topic = world.outputs.at(static_cast<int>(product)).topic;
    int64_t rows = 0;
    for (int32_t partition = 0; partition < world.cluster.partitions_of(topic); ++partition) {
      const SimLog& log = *world.cluster.log_of({topic, partition});
      log.visit(log.begin(), log.last_stable(), [&](const SimLog::Entry&, int64_t) { return ++rows > 0; });
    }
    if (rows == stated[product]) continue;
    world.outcome.violation =
        fmt::format("seed {}: {} rows of {} are stated, and it has {}", world.run.seed, stated[product], topic, rows);
  }
}

void live(World& world, int number, test::Machine& machine, bool until_caught_up = false) {
  const std::string name = fmt::format("instance-{}", number);
  SimBroker broker(world.cluster, name);
  if (!until_caught_up) world.at_work.insert(&broker);
  InlineExecutor executor;
  SimExecutor commits(world.cluster.time());
  JobSeams seams{machine.fs, world.sim_clock, executor,
                 [&](const std::string& directory) { return MemoryStore::open(machine.fs, directory); }, &broker};
  seams.make_service = services_of(world, world.sim_clock, hash_mix(world.run.seed, world.outcome.lives));
  TopicJobOptions options;
  options.job = test::job_options();
  options.job.commit_every_us = 100'000;
  options.job.state_memory = world.run.state_memory;
  options.job.until_caught_up = until_caught_up;
  options.job.follow = !until_caught_up;
  options.job.stop_requested = [&] { return (world.stop && !until_caught_up) || broker.crashed(); };
  options.broker.group = "job";
  options.broker.delivery = world.run.delivery;
  options.broker.session_timeout_us = 6 * kSecond;
  options.broker.transaction_timeout_us = 10 * kSecond;
  options.outputs = world.outputs;
  options.commits = &commits;
  options.checkpoint_every_us = 2 * kSecond;
  options.repeat_offsets_every_us = static_cast<int64_t>(1 + world.run.seed % 5) * kSecond;
  FolderStore snapshots(world.shared, "snapshots");
  if (world.run.has_snapshots) options.snapshots = &snapshots;
  options.snapshot_every_us = 3 * kSecond;
  Program program = world.program;
#ifdef BRAID_SIMULATED_REGISTRY
  const auto schemas = world.schemas.client(
      world.clock, world.sim_clock, world.run.seed + static_cast<uint64_t>(number), world.run.fault_rate > 0 ? 5 : 0);
  if (world.run.has_schemas())
    for (SourceSpec& source : program.sources)
      if (!source.is_static()) source.writer_schemas = schemas.get();
#endif
  const auto report = run_topic_job(program, options, seams);
  world.at_work.erase(&broker);
  ++world.outcome.lives;
  if (broker.crashed()) {
    ++world.outcome.crashes;
    if (!world.run.share_stores) machine.fs.crash();  // else the process is gone, and the machine runs on
    return;
  }
  if (!report.ok() && world.outcome.failure.empty())
    world.outcome.failure =
        fmt::format("seed {}: {} ended: E{} {}", world.run.seed, name, report.error().code, report.error().message);
  if (report.ok() && report->deviation != 0 && world.outcome.failure.empty())
    world.outcome.failure = fmt::format("seed {}: the accounts of {} do not add up", world.run.seed, name);
}

}  // namespace

JobSimulated simulate(const JobSimulation& run) {
  World world(run);
  load(world);
  SimTime& time = world.cluster.time();
  const int64_t began = time.now_us();
  const FaultPlan plan = FaultPlan::everything(run.fault_rate);
  world.cluster.faults().plan = plan;
  world.service.calm = run.fault_rate == 0;
  std::deque<test::Machine> machines;
  for (int i = 0; i < run.instances; ++i) {
    if (i == 0 || !run.share_stores) {
      test::Machine& machine = machines.emplace_back(run.seed + static_cast<uint64_t>(i));
      machine.write("in/u.ndjson", test::record("a", 1, 0) + test::record("c", 2, 0));
    }
    time.spawn([&world, &time, &machine = machines.back(), i] {
      while (!world.stop) {
        live(world, i, machine);
        if (!world.outcome.failure.empty()) world.stop = true;
        if (!world.stop) time.sleep(world.cluster.faults().between(kSecond / 10, 3 * kSecond));
      }
    });
  }
#ifdef BRAID_SIMULATED_REGISTRY
  time.spawn([&] {
    time.sleep(15 * kSecond);
    world.schemas.add_second();
  });
#endif
  if (!world.later.empty())
    time.spawn([&] {
      Rng rng(run.seed);
      std::stable_sort(world.later.begin(), world.later.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
      std::map<TopicPartition, size_t> next;
      for (size_t i = 0; i < world.later.size(); ++i) next.try_emplace(world.later[i].first, i);
      for (size_t left = world.later.size(); left > 0 && !world.stop; --left) {
        time.sleep(run.feed_us / static_cast<int64_t>(world.later.size()));
        // Of any partition, in its order.
        auto place = std::next(next.begin(), static_cast<int64_t>(rng.below(next.size())));
        const auto& [topic, fed] = world.later[place->second];
        auto payload = std::make_shared<SimPayload>();
        payload->add(fed.record(topic));
        world.cluster.produce({.place = topic,
                               .transactional_id = {},
                               .producer = {kFeeder + static_cast<int64_t>(left), 0},
                               .payload = payload});
        if (++place->second == world.later.size() || world.later[place->second].first != topic) next.erase(place);
      }
    });
  time.spawn([&] {
    bool calm = false;
    while (time.now_us() - began < run.storm_us + 300 * kSecond && !world.stop) {
      time.sleep(kSecond);
      const bool whole = check(world, nullptr);
      if (!world.outcome.violation.empty()) break;
      // A table may be what it must be in the end before all has come.
      if (run.tables && time.now_us() - began > run.storm_us + 60 * kSecond) break;
      if (!calm && ((whole && !run.tables) || time.now_us() - began > run.storm_us)) {
        world.cluster.calm();
        world.service.calm = calm = true;
      }
      if (run.ends_caught_up && time.now_us() - began > run.storm_us) break;
      // What is still on its way may yet do harm.
      if (whole && calm && !run.tables) {
        time.sleep(plan.longest_hold_us);
        break;
      }
    }
    world.cluster.calm();
    world.stop = true;
    if (!run.ends_caught_up) return;
    for (SimBroker* each : world.at_work) each->crash();
    time.sleep(world.cluster.faults().between(0, 8 * kSecond));
    test::Machine& machine = machines.front();
    live(world, run.instances, machine, true);
    time.sleep(20 * kSecond);  // transactions of the others hide its rows until they time out
    if (!check(world, nullptr) && world.outcome.failure.empty())
      world.outcome.failure = "the last instance was not done: " + world.outcome.stall;
  });
  time.run();
  check(world, &world.outcome.trace);
  if (run.counts && world.outcome.violation.empty()) check_counts(world);
  for (const std::string& topic : world.cluster.topics()) {
    const bool sends = topic.starts_with("job.repartition.");
    if (topic != "job.epochs" && !sends) continue;
    for (int32_t task = 0; task < world.cluster.partitions_of(topic); ++task)
      (sends ? world.outcome.sent_cut : world.outcome.cut) += world.cluster.log_of({topic, task})->begin();
  }
  world.outcome.asked = world.service.asked;
  world.outcome.unanswered = world.service.failed;
  world.outcome.faults = world.cluster.faults().faults();
  world.outcome.rebalances = world.cluster.groups().rebalances();
  return world.outcome;
}

}  // namespace braid
