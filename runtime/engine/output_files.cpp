#include "runtime/engine/output_files.h"

#include "runtime/data/value.h"
#include "runtime/engine/decode_source.h"

namespace braid {

OutputFiles::OutputFiles(Fs& fs, const Program& program, std::string directory, std::map<int, OutputBinding> bindings)
    : fs_(fs), program_(program), directory_(std::move(directory)), bindings_(std::move(bindings)) {}

OutputFiles::Output& OutputFiles::output(int product, const std::string& port) {
  auto [place, added] = outputs_.try_emplace({product, port});
  Output& output = place->second;
  if (!added) return output;
  const ProductSpec& spec = program_.products[product];
  output.product = product;
  output.port = port;
  std::string name = spec.qualified() + ".v" + std::to_string(spec.version);
  if (!port.empty()) {
    output.path = join_path(directory_, name + "." + port + ".ndjson");
    return output;
  }
  auto bound = bindings_.find(product);
  std::string format = bound == bindings_.end() || bound->second.format.empty() ? spec.format : bound->second.format;
  output.path = bound == bindings_.end() || bound->second.path.empty()
                    ? join_path(directory_, name + (format == "csv" ? ".csv" : ".ndjson"))
                    : bound->second.path;
  output.encoder =
      make_encoder(format_of(format), spec.row, bound == bindings_.end() ? CsvStyle{} : bound->second.style);
  return output;
}

std::string OutputFiles::key_of(const Output& output) const {
  const ProductSpec& spec = program_.products[output.product];
  return std::string(kKeyPrefix) + spec.qualified() + "/" + std::to_string(spec.version) + "/" + output.port;
}

std::string OutputFiles::value_of(const Output& output) const {
  WireWriter out;
  out.fixed(static_cast<uint64_t>(output.file ? output.file->length() : 0));
  out.fixed(output.rows);
  out.text(output.path);
  return out.take();
}

Status OutputFiles::open(Output& output, uint64_t committed) {
  BRAID_ASSIGN(output.file, OutputFile::open(fs_, output.path, true, committed));
  if (committed > 0 || !output.encoder) return {};
  std::string header;
  output.encoder->append_header(header);
  if (header.empty()) return {};
  output.changed = true;
  return output.file->append(header);
}

Status OutputFiles::recover(StateStore& store) {
  for (size_t product = 0; product < program_.products.size(); ++product) {
    const ProductSpec& spec = program_.products[product];
    std::string prefix = std::string(kKeyPrefix) + spec.qualified() + "/" + std::to_string(spec.version) + "/";
    BRAID_TRY(store.scan(StateFamily::meta, prefix, [&](std::string_view key, std::string_view value) -> Status {
      WireReader in(value);
      auto length = in.fixed<uint64_t>();
      Output& known = output(static_cast<int>(product), std::string(key.substr(prefix.size())));
      known.rows = in.fixed<int64_t>();
      known.path = in.text();
      if (in.failed()) return Error{ErrorKind::store, "the stored length of an output cannot be read", 8002, 0};
      return open(known, length);
    }));
  }
  return {};
}

Status OutputFiles::claim_products(StateStore& store) {
  StateBatch claims;
  std::vector<Output*> fresh;
  for (size_t product = 0; product < program_.products.size(); ++product) {
    Output& made = output(static_cast<int>(product), "");
    if (made.file) continue;
    BRAID_ASSIGN(FileInfo info, fs_.stat(made.path));
    if (info.exists)
      return Error{ErrorKind::output, "`" + made.path + "` is there already, and this job did not write it", 7010, 0};
    fresh.push_back(&made);
    claims.put(StateFamily::meta, key_of(made), value_of(made));
  }
  if (fresh.empty()) return {};
  BRAID_TRY(store.commit(claims));
  for (Output* made : fresh) BRAID_TRY(open(*made, 0));
  return {};
}

Status OutputFiles::append(Output& output, std::string_view bytes) {
  output.changed = true;
  if (output.file) return output.file->append(bytes);
  output.waiting += bytes;
  return {};
}

void OutputFiles::write(int product, const std::string& port, const std::vector<Field>& row, const Block& block) {
  Output& target = output(product, port);
  std::string_view bytes;
  if (target.encoder) {
    bytes = target.encoder->encode(block);
  } else {
    encoded_.clear();
    Type type = struct_type(row);
    std::vector<Slot> slots(block.columns.size());
    for (uint32_t i = 0; i < block.rows; ++i) {
      for (size_t column = 0; column < slots.size(); ++column) slots[column] = read_slot(block.columns[column], i);
      append_json(type, slots.data(), encoded_);
      encoded_ += '\n';
    }
    bytes = encoded_;
  }
  target.epoch_digest.add(bytes);
  target.rows += block.rows;
  target.epoch_rows += block.rows;
  Status status = append(target, bytes);
  if (!status.ok() && failure_.ok()) failure_ = status;
}

Status OutputFiles::freeze(StateStore& store) {
  BRAID_TRY(failure_);
  StateBatch claims;
  std::vector<Output*> fresh;
  for (auto& [place, output] : outputs_) {
    if (output.file || output.waiting.empty()) continue;
    BRAID_ASSIGN(FileInfo info, fs_.stat(output.path));
    if (info.exists)
      return Error{ErrorKind::output, "`" + output.path + "` is there already, and this job did not write it", 7010, 0};
    Output empty;
    empty.path = output.path;
    claims.put(StateFamily::meta, key_of(output), value_of(empty));
    fresh.push_back(&output);
  }
  if (!fresh.empty()) BRAID_TRY(store.commit(claims));
  for (Output* output : fresh) {
    BRAID_TRY(open(*output, 0));
    BRAID_TRY(output->file->append(output->waiting));
    output->waiting = {};
  }
  frozen_.clear();
  for (auto& [place, output] : outputs_) {
    if (!output.changed || !output.file) continue;
    BRAID_TRY(output.file->freeze());
    frozen_.push_back(output.file.get());
  }
  return {};
}

Status OutputFiles::sync() {
  for (OutputFile* file : frozen_) BRAID_TRY(file->sync());
  return {};
}

void OutputFiles::collect(StateBatch& batch, WireWriter& epoch) {
  uint32_t count = 0;
  for (auto& [place, output] : outputs_) count += output.changed ? 1 : 0;
  epoch.fixed(count);
  for (auto& [place, output] : outputs_) {
    if (!output.changed) continue;
    batch.put(StateFamily::meta, key_of(output), value_of(output));
    epoch.text(key_of(output));
    epoch.fixed(output.epoch_rows);
    epoch.fixed(output.epoch_digest.value());
    output.epoch_rows = 0;
    output.epoch_digest.clear();
    output.changed = false;
  }
}

std::vector<std::string> OutputFiles::paths() const {
  std::vector<std::string> paths;
  for (const auto& [place, output] : outputs_) paths.push_back(output.path);
  return paths;
}

}  // namespace braid
