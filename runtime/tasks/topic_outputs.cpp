#include "runtime/tasks/topic_outputs.h"

#include <fmt/format.h>

#include "runtime/codec/avro_encoder.h"
#include "runtime/codec/change_encoder.h"
#include "runtime/codec/protobuf_encoder.h"
#include "runtime/codec/schema_framing.h"
#include "runtime/connect/topic_template.h"
#include "runtime/data/row_change.h"
#include "runtime/data/value.h"
#include "runtime/engine/decode_source.h"
#include "runtime/engine/part_paths.h"
#include "runtime/report/topic_findings.h"
#include "runtime/tasks/shortened_row.h"

namespace braid {
namespace {

constexpr int64_t kPatience = 30'000'000;

template <class Finding>
BrokerError of_finding(const Finding& finding) {
  return {.message = finding.make().message, .finding = Finding::kCode};
}

}  // namespace

std::string OutputTopics::name(int product, const std::string& port) const {
  const TopicBinding& of_product = binding(product);
  return port.empty() ? of_product.topic : topic_of_port(of_product, port);
}

BrokerResult<int32_t> OutputTopics::partitions(int product, const std::string& port, const std::string& topic) {
  if (const auto found = known_.find(topic); found != known_.end()) return found->second;
  const std::string names[] = {topic};
  if (!is_topic_name(topic)) return of_finding(diag::TopicNameTooLong{.product = called(product), .topic = topic});
  BRAID_ASSIGN(std::vector<TopicInfo> found, broker_.describe(names, kPatience));
  if (found.empty()) {
    TopicBinding wanted = binding(product);
    if (port.empty() && topic_template(wanted.topic)) BRAID_TRY(admit(product, topic));
    wanted.topic = topic;
    // Rows of ports have no key, and each tells of one record.
    if (!port.empty()) wanted.compaction.reset();
    const NewTopic made[] = {new_topic(wanted, partitions_, replicas_)};
    BRAID_TRY(broker_.create_topics(made, kPatience));
    found = {{topic, made[0].partitions}};
  }
  return known_[topic] = found.front().partitions;
}

BrokerStatus OutputTopics::admit(int product, const std::string& topic) {
  auto counted = parts_.find(product);
  if (counted == parts_.end() || counted->second >= kMostTopics) {
    // Other members make topics, too, and some may be gone.
    BRAID_ASSIGN(const std::vector<std::string> all, broker_.topics(kPatience));
    const auto count =
        std::ranges::count_if(all, [&](const std::string& name) { return topics_meet(binding(product).topic, name); });
    counted = parts_.insert_or_assign(product, static_cast<size_t>(count)).first;
  }
  if (counted->second >= kMostTopics)
    return of_finding(
        diag::TooManyTopics{.product = called(product), .most = static_cast<int64_t>(kMostTopics), .topic = topic});
  ++counted->second;
  return {};
}

std::string OutputTopics::called(int product) const {
  return program_.products[static_cast<size_t>(product)].qualified();
}

std::vector<std::string> OutputTopics::known() const {
  std::vector<std::string> names;
  for (const auto& [name, partitions] : known_) names.push_back(name);
  return names;
}

/// What has been written to it since the last calls of collect() and add_to_work().
struct TopicOutputs::Topic {
  std::string name;  ///< as the record of an epoch has it
  std::string topic;
  int32_t partitions = 0;  ///< 0: not known yet
  uint64_t rows = 0;
  StreamDigest digest;
  uint64_t sent_bytes = 0;
};

struct TopicOutputs::Output {
  int product = 0;
  std::string port;
  Topic whole;
  std::optional<PartPaths> parts;                      ///< a topic for each value of a field
  std::map<std::string, Topic> topics;                 ///< of these, by name
  std::unique_ptr<Encoder> encoder;                    ///< of a product in lines; rows of a port may differ
  std::string framing;                                 ///< of a product in Avro or Protobuf, in front of each value
  std::optional<std::vector<ProtobufColumn>> columns;  ///< of a product in Protobuf
  std::optional<size_t> raw;                           ///< of a product in `raw`: the leaf of its value
  std::optional<ChangeRow> change;                     ///< each change is a row of its own, and none a tombstone
  std::vector<Field> written;                          ///< the row that a value has
  size_t leaves = 0;                                   ///< of the product's row
  bool is_standing_port = false;                       ///< its rows are shortened if they are too long
  /// Leaves of the key, each with its name and type; an optional one has its presence before it.
  struct KeyPart {
    std::string name;
    Type type;
    size_t leaf;
  };
  std::vector<KeyPart> key;
};

TopicOutputs::TopicOutputs(const Program& program, OutputTopics& topics, int32_t task, Transaction& transaction,
                           Clock& clock)
    : program_(program),
      topics_(topics),
      task_(task),
      transaction_(transaction),
      clock_(clock),
      exchanges_(program, static_cast<uint32_t>(task), transaction, clock) {}

TopicOutputs::~TopicOutputs() = default;

TopicOutputs::Output& TopicOutputs::output(int product, const std::string& port, const std::vector<Field>& row) {
  std::unique_ptr<Output>& place = outputs_[{product, port}];
  if (place != nullptr) return *place;
  place = std::make_unique<Output>();
  const ProductSpec& spec = program_.products[product];
  place->product = product;
  place->port = port;
  place->whole.name = fmt::format("{}/{}/{}", spec.qualified(), spec.version, port);
  place->whole.topic = topics_.name(product, port);
  place->is_standing_port = is_standing_port(port);
  place->written = row;
  place->leaves = flatten(row).size();
  if (!port.empty()) return *place;
  if (const auto parts = topic_template(place->whole.topic))
    place->parts.emplace(*parts, row, PartSpelling{topic_part, kNullTopicPart});
  if (spec.changes && spec.change_form != ChangeForm::upsert) {
    place->change.emplace(row, spec.change_form, ChangeOrigin{spec.domain, spec.name, spec.version});
    place->written = change_row(row, spec.change_form);
  }
  const TopicBinding& binding = topics_.binding(product);
  if (binding.format == "avro" || binding.format == "protobuf") {
    const bool protobuf = binding.format == "protobuf";
    SchemaFraming framing;
    framing.id.number = binding.schema_id;
    append_framing(place->framing, framing, protobuf ? SchemaLanguage::protobuf : SchemaLanguage::avro);
    // The text was made of the row, or found to fit it.
    if (protobuf) place->columns = protobuf_columns_of(place->written, binding.schema).value();
  } else if (binding.format == "raw") {
    place->raw = leaf_offset(row, raw_column_of(spec).value());
  } else {
    const Format format = format_of(binding.format);
    place->encoder = place->change ? make_change_encoder(format, row, spec.change_form,
                                                         {spec.domain, spec.name, spec.version}, binding.style)
                                   : make_encoder(format, row, binding.style);
  }
  for (const std::vector<int>& path : spec.key) {
    std::string name;
    const std::vector<Field>* fields = &row;
    size_t leaf = 0;
    Type type;
    for (const int index : path) {
      leaf += leaf_offset(*fields, static_cast<size_t>(index));
      const Field& field = (*fields)[static_cast<size_t>(index)];
      name += (name.empty() ? "" : ".") + field.name;
      type = field.type;
      fields = &type->fields;
    }
    place->key.push_back({name, type, leaf});
  }
  return *place;
}

namespace {

/// Values that are one key have one text.
void settle_zeros(const Type& type, Slot* slots) {
  switch (type->kind) {
    case TypeKind::floating:
      if (slots->f64 == 0) *slots = slot_f64(0);
      return;
    case TypeKind::optional:
      return settle_zeros(type->element, slots + 1);
    case TypeKind::structure:
      for (const Field& field : type->fields) {
        settle_zeros(field.type, slots);
        slots += leaf_count(field.type);
      }
      return;
    default:
      return;
  }
}

/// A value as the text of a key: without quotes.
void append_plain(const Type& type, const Slot* slots, std::string& out) {
  const size_t begin = out.size();
  if (type->kind == TypeKind::string) {
    out += slots->bytes.view();
    return;
  }
  append_json(type, slots, out);
  if (out.size() < begin + 2 || out[begin] != '"') return;
  out.pop_back();
  out.erase(begin, 1);
}

}  // namespace

void TopicOutputs::write(int product, const std::string& port, const std::vector<Field>& row, const Block& block) {
  Output& target = output(product, port, row);
  const bool deletes =
      port.empty() && program_.products[static_cast<size_t>(product)].changes && !target.change.has_value();
  auto goes = [&](uint32_t i) { return deletes && row_change(block, target.leaves, i) == RowChange::goes; };
  if (target.encoder) {
    std::string_view lines = target.encoder->encode(block);
    for (uint32_t i = 0; i < block.rows; ++i) {
      const size_t end = lines.find('\n');
      Topic& topic = topic_of(target, block, i);
      make_key(target, block, i);
      if (goes(i)) {
        send_tombstone(target, topic, block, i);
      } else {
        digest(target, topic, lines.substr(0, end));
        send(target, topic, lines.substr(0, end), block, i);
      }
      lines.remove_prefix(end + 1);
    }
    return;
  }
  // The row of a port may differ from one to the next.
  const std::vector<Field>& written = port.empty() ? target.written : row;
  const Type type = struct_type(written);
  std::vector<Slot> slots(block.columns.size()), of_change;
  for (uint32_t i = 0; i < block.rows; ++i) {
    slots.resize(block.columns.size());
    for (size_t column = 0; column < slots.size(); ++column) slots[column] = read_slot(block.columns[column], i);
    Topic& topic = topic_of(target, block, i);
    make_key(target, block, i);
    if (goes(i)) {
      send_tombstone(target, topic, block, i);
      continue;
    }
    if (target.change) {
      of_change.clear();
      target.change->append(slots.data(), of_change);
      slots.swap(of_change);
    }
    value_ = target.framing;
    if (target.raw)
      value_ += slots[*target.raw].bytes.view();
    else if (target.columns)
      append_protobuf(*target.columns, slots.data(), value_);
    else if (target.framing.empty())
      append_json(type, slots.data(), value_);
    else
      append_avro(written, slots.data(), value_);
    digest(target, topic, value_);
    if (target.is_standing_port && live_ && value_.size() > room_for_value(block, i))
      value_ = shortened_row(written, slots.data(), room_for_value(block, i));
    send(target, topic, value_, block, i);
  }
}

TopicOutputs::Topic& TopicOutputs::topic_of(Output& output, const Block& block, uint32_t row) {
  Topic* topic = &output.whole;
  if (output.parts) {
    const std::string name = output.parts->prefix() + output.parts->of(block, row);
    topic = &output.topics[name];
    if (topic->topic.empty()) {
      topic->topic = name;
      topic->name = output.whole.name + "@" + name;  // no port is called so
    }
  }
  ++topic->rows;
  return *topic;
}

void TopicOutputs::make_key(const Output& target, const Block& block, uint32_t row) {
  key_.clear();
  for (const Output::KeyPart& part : target.key) {
    const size_t leaves = leaf_count(part.type);
    std::vector<Slot> slots(leaves);
    for (size_t leaf = 0; leaf < leaves; ++leaf) slots[leaf] = read_slot(block.columns[part.leaf + leaf], row);
    settle_zeros(part.type, slots.data());
    if (target.key.size() == 1) {
      append_plain(part.type, slots.data(), key_);
      continue;
    }
    key_ += key_.empty() ? '{' : ',';
    key_ += '"' + part.name + "\":";
    append_json(part.type, slots.data(), key_);
  }
  if (target.key.size() > 1) key_ += '}';
}

std::span<const RecordHeader> TopicOutputs::headers_of(const Block& block, uint32_t row) {
  if (traces_ == nullptr || traces_->empty() || block.record == nullptr) return {};
  const Record& record = block.record_of(row);
  if (record.line == kMadeByWindow) return {};
  const RecordTrace* trace = traces_->find(static_cast<int>(record.source), record.partition, record.position);
  if (trace == nullptr) return {};
  headers_ = {RecordHeader{kTraceParent, trace->parent}, RecordHeader{kTraceState, trace->state}};
  return std::span(headers_).first(trace->state.empty() ? 1 : 2);
}

size_t TopicOutputs::room_for_value(const Block& block, uint32_t row) {
  // What the client adds to a record.
  constexpr size_t kAround = 512;
  size_t used = kAround;
  for (const RecordHeader& header : headers_of(block, row))
    used += header.name.size() + header.value.value_or("").size() + 2 * sizeof(uint64_t);
  const size_t longest = topics_.longest_record();
  return longest > used ? longest - used : 0;
}

void TopicOutputs::digest(const Output& output, Topic& topic, std::string_view value) {
  // A registry that was made anew gives the schema another id, which is not another row. Nor is a row that is shortened
  // to another length.
  topic.digest.add(key_);
  topic.digest.add(value.substr(output.framing.size()));
  topic.digest.add("\n");
}

void TopicOutputs::send_tombstone(Output& output, Topic& topic, const Block& block, uint32_t row) {
  topic.digest.add(key_);
  topic.digest.add(std::string_view("\0\n", 2));
  send(output, topic, std::nullopt, block, row);
}

void TopicOutputs::send(Output& output, Topic& topic, std::optional<std::string_view> value, const Block& block,
                        uint32_t row) {
  const int64_t time = block.time == nullptr ? INT64_MIN : block.time[row];
  const bool keyed = !output.key.empty();
  if (tap_ != nullptr) {
    std::optional<std::string_view> key;
    if (keyed) key = key_;
    tap_->row({.product = output.product,
               .port = output.port,
               .topic = topic.topic,
               .key = key,
               .value = value,
               .replaces = keyed && !output.change,
               .time_us = time});
  }
  if (!live_) return;
  if (topic.partitions == 0) {
    const BrokerResult<int32_t> found = topics_.partitions(output.product, output.port, topic.topic);
    if (!found.ok()) return transaction_.fail(found.error());
    topic.partitions = *found;
  }
  topic.sent_bytes += key_.size() + value.value_or("").size();
  transaction_.write(
      {.place = {topic.topic, keyed ? partition_of_key(key_, topic.partitions) : task_ % topic.partitions},
       .key = keyed ? std::optional<std::string_view>(key_) : std::nullopt,
       .value = value,
       .headers = headers_of(block, row),
       .timestamp_ms = (time < 0 ? clock_.now_us() : time) / 1000});
}

template <class Call>
void TopicOutputs::for_each_topic(const Call& call) {
  for (auto& [place, output] : outputs_) {
    call(*output, output->whole);
    for (auto& [name, topic] : output->topics) call(*output, topic);
  }
}

void TopicOutputs::add_to_work(MemberWork& work) {
  for_each_topic([&](const Output& output, Topic& topic) {
    if (topic.sent_bytes == 0) return;
    const ProductSpec& product = program_.products[static_cast<size_t>(output.product)];
    work.written.push_back({product.qualified(), product.version, output.port, std::exchange(topic.sent_bytes, 0)});
  });
}

void TopicOutputs::collect(std::vector<EpochOutput>& outputs) {
  for_each_topic([&](const Output&, Topic& topic) {
    if (topic.rows == 0) return;
    outputs.push_back({topic.name, topic.rows, topic.digest.value()});
    topic.rows = 0;
    topic.digest.clear();
  });
  exchanges_.collect(outputs);
}

}  // namespace braid
