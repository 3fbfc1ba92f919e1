#include "runtime/engine/output_files.h"

#include "runtime/codec/change_encoder.h"
#include "runtime/data/value.h"
#include "runtime/engine/decode_source.h"
#include "runtime/report/diagnostic.h"

namespace braid {
namespace {

const char* ending_of(const std::string& format) {
  return format == "csv" ? ".csv" : format == "avro" ? ".avro" : ".ndjson";
}

std::string shown_path(const std::string& path, int64_t files) {
  return fmt::format("{} ({} {})", path, files, files == 1 ? "file" : "files");
}

}  // namespace

OutputFiles::OutputFiles(Fs& fs, const Program& program, std::string directory, std::map<int, OutputBinding> bindings)
    : fs_(fs), program_(program), directory_(std::move(directory)), bindings_(std::move(bindings)) {
  for (const auto& [product, binding] : bindings_)
    if (binding.parts) parts_.emplace(product, Parts{PartPaths(*binding.parts, program_.products[product].row)});
}

OutputFiles::Output& OutputFiles::output(int product, const std::string& port) {
  auto [place, added] = outputs_.try_emplace({product, port});
  Output& output = place->second;
  if (!added) return output;
  const ProductSpec& spec = program_.products[product];
  output.product = product;
  output.port = port;
  if (is_part(output)) {
    output.path = parts_.at(product).paths.prefix() + port.substr(1);
    output.encoder = encoder_of(output);
    return output;
  }
  std::string name = spec.qualified() + ".v" + std::to_string(spec.version);
  if (!port.empty()) {
    output.path = join_path(join_path(directory_, "out"), name + "." + port + ".ndjson");
    return output;
  }
  auto bound = bindings_.find(product);
  output.path = bound == bindings_.end() || bound->second.path.empty()
                    ? join_path(join_path(directory_, "out"), name + ending_of(format_name(product)))
                    : bound->second.path;
  output.encoder = encoder_of(output);
  return output;
}

std::unique_ptr<Encoder> OutputFiles::encoder_of(const Output& output) const {
  const ProductSpec& spec = program_.products[output.product];
  auto bound = bindings_.find(output.product);
  const Format format = format_of(format_name(output.product));
  const CsvStyle style = bound == bindings_.end() ? CsvStyle{} : bound->second.style;
  if (!spec.changes) return make_encoder(format, spec.row, style, spec.qualified());
  return make_change_encoder(format, spec.row, spec.change_form, {spec.domain, spec.name, spec.version}, style);
}

const std::string& OutputFiles::format_name(int product) const {
  auto bound = bindings_.find(product);
  return bound == bindings_.end() || bound->second.format.empty() ? program_.products[product].format
                                                                  : bound->second.format;
}

std::string OutputFiles::key_of(const Output& output) const {
  const ProductSpec& spec = program_.products[output.product];
  return std::string(kKeyPrefix) + spec.qualified() + "/" + std::to_string(spec.version) + "/" + output.port;
}

std::string OutputFiles::name_of(const Output& output) const {
  const ProductSpec& spec = program_.products[output.product];
  return spec.qualified() + " version " + std::to_string(spec.version) + (output.port.empty() ? "" : " " + output.port);
}

std::string OutputFiles::value_of(const Output& output) const {
  return write_stored({.committed = output.frozen, .rows = output.rows, .place = output.stored});
}

std::string OutputFiles::write_stored(const Stored& stored) {
  WireWriter out;
  out.fixed(stored.committed.bytes);
  out.fixed(stored.committed.fingerprint);
  out.fixed(stored.rows);
  out.text(stored.place);
  return out.take();
}

Result<OutputFiles::Stored> OutputFiles::read_stored(std::string_view value) {
  WireReader in(value);
  Stored stored;
  stored.committed.bytes = in.fixed<uint64_t>();
  stored.committed.fingerprint = in.fixed<uint64_t>();
  stored.rows = in.fixed<int64_t>();
  stored.place = in.text();
  if (in.failed()) return Error{ErrorKind::store, "the stored length of an output cannot be read", 8002, 0};
  return stored;
}

Status OutputFiles::find_place(Output& output) {
  Result<OutputPlace> place = place_output(fs_, store_, directory_, output.path);
  if (!place.ok()) {
    const Diagnostic reason = diag::CannotWrite{.path = output.path, .reason = place.error().message}.make();
    return Error{ErrorKind::output, reason.message, reason.code, place.error().system_error};
  }
  output.stored = place->stored;
  return {};
}

Status OutputFiles::open(Output& output, const CommittedOutput& committed) {
  OutputFile::Admit admit;
  if (OutputPlace{output.path, output.stored}.elsewhere()) {
    admit = [&](const FileInfo& file) { return own_output(fs_, store_, output.stored, file, committed.bytes); };
  }
  Result<std::unique_ptr<OutputFile>> file = OutputFile::open(fs_, output.path, true, committed, admit);
  if (!file.ok() && file.error().code == diag::OutputInUse::kCode) {
    // It may be this job itself, by another product.
    BRAID_ASSIGN(FileInfo info, fs_.stat(output.path));
    for (const auto& [place, other] : outputs_) {
      if (!other.file) continue;
      BRAID_ASSIGN(FileInfo theirs, fs_.stat(other.path));
      if (theirs.device != info.device || theirs.inode != info.inode) continue;
      const Diagnostic shared =
          diag::SharedOutput{.first = name_of(other), .second = name_of(output), .path = output.path}.make();
      return Error{ErrorKind::output, shared.message, shared.code, 0};
    }
  }
  if (!file.ok()) return file.error();
  output.file = std::move(file).value();
  set_frozen(output, committed);
  if (!output.encoder) return {};
  std::string header;
  output.encoder->append_header(header);
  const std::string marker(output.encoder->block_marker());
  if (committed.bytes > 0) {
    if (marker.empty()) return {};
    BRAID_ASSIGN(const bool same, OutputFile::begins_with(fs_, output.path, header));
    const Diagnostic changed = diag::OutputSchemaChanged{.path = output.path}.make();
    if (!same) return Error{ErrorKind::output, changed.message, changed.code, 0};
    output.file->pack_blocks(marker);
    return {};
  }
  if (header.empty()) return {};
  output.changed = true;
  const Status appended = output.file->append(header);
  output.file->pack_blocks(marker);
  return appended;
}

Status OutputFiles::recover(StateStore& store) {
  for (size_t product = 0; product < program_.products.size(); ++product) {
    const ProductSpec& spec = program_.products[product];
    std::string prefix = std::string(kKeyPrefix) + spec.qualified() + "/" + std::to_string(spec.version) + "/";
    std::map<std::string, Stored> known;  // by port; the store is not read while files are opened
    BRAID_TRY(store.scan(StateFamily::meta, prefix, [&](std::string_view key, std::string_view value) -> Status {
      BRAID_ASSIGN(known[std::string(key.substr(prefix.size()))], read_stored(value));
      return {};
    }));
    const auto parts = parts_.find(static_cast<int>(product));
    for (const auto& [port, stored] : known) {
      const bool part = port.starts_with(kPartMark);
      if (part ? parts == parts_.end() : port.empty() && parts != parts_.end()) {
        // One file before and several now, or the other way round.
        if (stored.committed.bytes == 0) continue;
        Output other;
        other.product = static_cast<int>(product);
        other.path = part ? output(other.product, "").path : parts->second.paths.text();
        BRAID_TRY(check_place(other, stored));
        continue;
      }
      Output& recovered = output(static_cast<int>(product), port);
      recovered.rows = stored.rows;
      BRAID_TRY(find_place(recovered));
      if (recovered.stored != stored.place) {
        if (stored.committed.bytes == 0) continue;  // nothing was written there: claimed where it is now
        BRAID_TRY(check_place(recovered, stored));
        recovered.changed = true;
      }
      BRAID_TRY(part ? recover_part(recovered, stored) : open(recovered, stored.committed));
      if (part) forget_parts();
    }
  }
  return {};
}

/// Whether the file is there that was written so far.
Status OutputFiles::check_place(const Output& output, const Stored& stored) {
  BRAID_ASSIGN(bool moved, OutputFile::holds(fs_, output.path, stored.committed));
  const bool inside = !OutputPlace{{}, stored.place}.elsewhere();
  const Diagnostic lost = diag::OutputMoved{.product = name_of(output),
                                            .was = inside ? join_path(directory_, stored.place) : stored.place,
                                            .path = output.path}
                              .make();
  return moved ? Status() : Status(Error{ErrorKind::output, lost.message, lost.code, 0});
}

Status OutputFiles::name_files(StateStore& store, const std::vector<Output*>& fresh) {
  if (fresh.empty()) return {};
  StateBatch claims;
  for (Output* output : fresh) {
    BRAID_TRY(find_place(*output));
    BRAID_ASSIGN(FileInfo info, fs_.stat(output->path));
    if (info.exists) {
      const bool ours = lost_commits_ && !OutputPlace{output->path, output->stored}.elsewhere();
      const Diagnostic reason =
          ours ? diag::StoreCorrupt{.path = directory_,
                                    .reason =
                                        fmt::format("it lost commits, and with them the length of `{}`", output->path)}
                     .make()
               : diag::ForeignFile{.path = output->path}.make();
      return Error{ours ? ErrorKind::store : ErrorKind::output, reason.message, reason.code, 0};
    }
    Output empty;
    empty.stored = output->stored;
    claims.put(StateFamily::meta, key_of(*output), value_of(empty));
  }
  BRAID_TRY(store.commit(claims));
  if (!lost_commits_) BRAID_TRY(write_identity(fs_, directory_, {store_.id, store.commits()}));
  return {};
}

Status OutputFiles::claim(StateStore& store, const std::vector<Output*>& fresh) {
  BRAID_TRY(name_files(store, fresh));
  for (Output* output : fresh) BRAID_TRY(open(*output, {}));
  return {};
}

Status OutputFiles::claim_products(StateStore& store) {
  std::vector<Output*> fresh;
  for (size_t product = 0; product < program_.products.size(); ++product) {
    if (parts_.contains(static_cast<int>(product))) continue;
    Output& made = output(static_cast<int>(product), "");
    if (!made.file) fresh.push_back(&made);
  }
  return claim(store, fresh);
}

void OutputFiles::append(Output& output, std::string_view bytes) {
  output.epoch_digest.add(bytes);
  const Status status = output.file ? output.file->append(bytes) : wait_for_file(output, bytes);
  if (!status.ok() && output.failure.ok()) output.failure = status;
}

Status OutputFiles::wait_for_file(Output& output, std::string_view bytes) {
  output.waiting += bytes;
  constexpr size_t kMuch = 1 << 20, kMuchOfParts = 8 << 20;
  if (is_part(output)) {
    waiting_parts_ += bytes.size();
    if (waiting_parts_ < kMuchOfParts || !idle_store_) return {};
    BRAID_ASSIGN(StateStore * idle, idle_store_());
    return write_waiting_parts(*idle);
  }
  if (output.waiting.size() < kMuch || !idle_store_) return {};
  BRAID_ASSIGN(StateStore * store, idle_store_());
  return begin(*store, {&output});
}

Status OutputFiles::begin(StateStore& store, const std::vector<Output*>& fresh) {
  BRAID_TRY(claim(store, fresh));
  for (Output* output : fresh) {
    BRAID_TRY(output->file->append(output->waiting));
    output->waiting = {};
  }
  return {};
}

OutputQueue& OutputFiles::queue_of(Output& output) {
  if (output.queue == nullptr) {
    const ProductSpec& spec = program_.products[output.product];
    std::vector<Field> row = spec.row;
    row.insert(row.end(), spec.marks.begin(), spec.marks.end());
    output.queue = std::make_unique<OutputQueue>(
        std::move(row), [this, &output] { return encoder_of(output); },
        [this, &output](std::string_view bytes) { append(output, bytes); }, *executor_, workers_);
  }
  return *output.queue;
}

void OutputFiles::write(int product, const std::string& port, const std::vector<Field>& row, const Block& block) {
  if (port.empty() && !parts_.empty())
    if (const auto parts = parts_.find(product); parts != parts_.end())
      return write_parts(product, parts->second, block);
  Output& target = output(product, port);
  target.rows += block.rows;
  target.epoch_rows += block.rows;
  target.changed = true;
  if (target.encoder && target.file && executor_ != nullptr) return queue_of(target).add(block);
  if (target.encoder) return append(target, target.encoder->encode(block));
  encoded_.clear();
  Type type = struct_type(row);
  std::vector<Slot> slots(block.columns.size());
  for (uint32_t i = 0; i < block.rows; ++i) {
    for (size_t column = 0; column < slots.size(); ++column) slots[column] = read_slot(block.columns[column], i);
    append_json(type, slots.data(), encoded_);
    encoded_ += '\n';
  }
  append(target, encoded_);
}

Status OutputFiles::freeze(StateStore& store) {
  std::vector<Output*> fresh;
  for (auto& [place, output] : outputs_)
    if (output.queue) output.queue->flush();
  for (auto& [place, output] : outputs_) {
    if (output.queue) output.queue->drain();
    BRAID_TRY(output.failure);
    if (!output.file && !output.waiting.empty() && !is_part(output)) fresh.push_back(&output);
  }
  BRAID_TRY(begin(store, fresh));
  if (!parts_.empty()) {
    forget_parts();
    BRAID_TRY(write_waiting_parts(store));
  }
  frozen_.clear();
  for (auto& [place, output] : outputs_) {
    if (!output.changed || !output.file) continue;
    BRAID_TRY(output.file->freeze());
    set_frozen(output, output.file->committed());
    frozen_.push_back(output.file.get());
  }
  return {};
}

Status OutputFiles::sync() {
  for (OutputFile* file : frozen_) BRAID_TRY(file->sync());
  return {};
}

void OutputFiles::collect(StateBatch& batch, std::vector<EpochOutput>& epoch) {
  for (auto& [place, output] : outputs_) {
    if (!output.changed) continue;
    batch.put(StateFamily::meta, key_of(output), value_of(output));
    epoch.push_back({key_of(output), output.epoch_rows, output.epoch_digest.value()});
    output.epoch_rows = 0;
    output.epoch_digest.clear();
    output.changed = false;
  }
}

std::vector<std::string> OutputFiles::paths() const {
  std::vector<std::string> paths;
  for (const auto& [place, output] : outputs_)
    if (!is_part(output)) paths.push_back(output.path);
  for (const auto& [product, parts] : parts_) paths.push_back(shown_path(parts.paths.text(), parts.files));
  return paths;
}

Result<OutputFiles::Readable> OutputFiles::readable(int product) const {
  if (parts_.contains(product)) return Error{ErrorKind::output, "its rows go to several files", 0, 0};
  const auto found = outputs_.find({product, ""});
  if (found == outputs_.end() || !found->second.file)
    return Error{ErrorKind::output, "the job does not write it to a file", 0, 0};
  OutputBinding binding;
  if (const auto bound = bindings_.find(product); bound != bindings_.end()) binding = bound->second;
  binding.format = format_name(product);
  return Readable{found->second.path, std::move(binding), found->second.frozen.bytes};
}

std::vector<OutputFiles::Written> OutputFiles::written() const {
  std::vector<Written> written;
  for (const auto& [place, output] : outputs_)
    if (!is_part(output))
      written.push_back({output.product, output.port, output.path, output.rows, output.frozen.bytes});
  for (const auto& [product, parts] : parts_)
    written.push_back({product, "", shown_path(parts.paths.text(), parts.files), parts.rows, parts.bytes});
  return written;
}

}  // namespace braid
