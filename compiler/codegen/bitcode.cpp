#include "compiler/codegen/bitcode.h"

#include <set>

#include "compiler/codegen/linked/record_operations.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/Instructions.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Support/DynamicLibrary.h"
#include "llvm/Support/MemoryBuffer.h"
#include "runtime/abi/row_functions.h"
#include "runtime/data/decimal.h"

extern "C" {
extern const char braid_row_bitcode[], braid_row_bitcode_end[];
extern const char braid_record_bitcode[], braid_record_bitcode_end[];
extern const char braid_avro_bitcode[], braid_avro_bitcode_end[];
extern const char braid_protobuf_bitcode[], braid_protobuf_bitcode_end[];
extern const char braid_stdlib_bitcode[], braid_stdlib_bitcode_end[];

// The compiler's own library for 128 bits: linked into this one, and not found by name in a process.
braid::int128 __divti3(braid::int128, braid::int128);
braid::int128 __modti3(braid::int128, braid::int128);
braid::uint128 __udivti3(braid::uint128, braid::uint128);
braid::uint128 __umodti3(braid::uint128, braid::uint128);
double __floattidf(braid::int128);
double __floatuntidf(braid::uint128);
braid::int128 __fixdfti(double);

const char* called_json_timestamp(braid::ReadFrame* frame, const braid::RecordField* field, braid::PredictedKey* key,
                                  const char* at, uint64_t row) {
  return braid_json_timestamp(frame, field, key, at, row);
}
}

namespace braid::codegen {
namespace {

std::string message(llvm::Error error) {
  return llvm::toString(std::move(error));
}

std::string link(llvm::Module& target, const char* begin, const char* end, const char* name) {
  if (begin == end) return {};  // built without it
  auto buffer = llvm::MemoryBuffer::getMemBuffer(llvm::StringRef(begin, static_cast<size_t>(end - begin)), name,
                                                 /*RequiresNullTerminator=*/false);
  auto source = llvm::getOwningLazyBitcodeModule(std::move(buffer), target.getContext());
  if (!source) return message(source.takeError());
  // These lists keep everything alive that they name; only what a kernel calls is wanted.
  for (const char* list : {"llvm.used", "llvm.compiler.used", "llvm.global_ctors"})
    if (llvm::GlobalVariable* variable = (*source)->getNamedGlobal(list)) variable->eraseFromParent();
  (*source)->setTargetTriple(target.getTargetTriple());
  (*source)->setDataLayout(target.getDataLayout());
  if (llvm::Linker::linkModules(target, std::move(*source), llvm::Linker::Flags::LinkOnlyNeeded))
    return std::string("cannot link ") + name;
  return {};
}

/// Whether it has decoders that call such functions.
bool names(const llvm::Module& module, const char* prefix) {
  return llvm::any_of(module, [&](const llvm::Function& function) { return function.getName().starts_with(prefix); });
}

void* find_address(const Module& module, const std::map<std::string, void*>& given, const std::string& name) {
  if (auto known = given.find(name); known != given.end()) return known->second;
  if (auto own = process_functions().find(name); own != process_functions().end()) return own->second;
  if (auto native = module.natives.find(name); native != module.natives.end())
    return reinterpret_cast<void*>(native->second);
  return llvm::sys::DynamicLibrary::SearchForAddressOfSymbol(name);
}

/// Functions that use `value`, through constants too.
void collect_users(llvm::Value* value, std::set<llvm::Function*>& users, std::set<llvm::Value*>& seen) {
  if (!seen.insert(value).second) return;
  for (llvm::User* user : value->users()) {
    if (auto* instruction = llvm::dyn_cast<llvm::Instruction>(user)) {
      users.insert(instruction->getFunction());
    } else {
      collect_users(user, users, seen);
    }
  }
}

/// Library functions from which `outside` can be reached lose their bodies.
bool cut_off(Module& module, llvm::GlobalValue* outside) {
  std::set<llvm::Function*> pending, reached;
  std::set<llvm::Value*> seen;
  collect_users(outside, pending, seen);
  bool cut = false;
  while (!pending.empty()) {
    llvm::Function* function = *pending.begin();
    pending.erase(pending.begin());
    if (!reached.insert(function).second) continue;
    if (module.natives.contains(function->getName().str())) {
      function->deleteBody();
      function->setComdat(nullptr);
      cut = true;
      continue;  // its callers call the address
    }
    collect_users(function, pending, seen);
  }
  return cut;
}

/// Private functions and constants that nothing uses any more.
void drop_unused(llvm::Module& module) {
  for (bool again = true; again;) {
    again = false;
    for (llvm::Function& function : llvm::make_early_inc_range(module)) {
      function.removeDeadConstantUsers();
      if (!function.use_empty() || !(function.hasLocalLinkage() || function.isDeclaration())) continue;
      function.eraseFromParent();
      again = true;
    }
    for (llvm::GlobalVariable& variable : llvm::make_early_inc_range(module.globals())) {
      variable.removeDeadConstantUsers();
      if (!variable.use_empty() || !(variable.hasLocalLinkage() || variable.isDeclaration())) continue;
      variable.eraseFromParent();
      again = true;
    }
  }
}

}  // namespace

const std::map<std::string_view, void*>& process_functions() {
  auto address = [](auto* function) { return reinterpret_cast<void*>(function); };
  static const std::map<std::string_view, void*> functions{
      {"braid_allocate", address(&braid_allocate)},
      {"braid_decimal_multiply_wide", address(&braid_decimal_multiply_wide)},
      {"braid_decimal_divide", address(&braid_decimal_divide)},
      {"braid_decimal_rescale_wide", address(&braid_decimal_rescale_wide)},
      {"braid_decimal_compare_wide", address(&braid_decimal_compare_wide)},
      {"braid_decimal_remainder", address(&braid_decimal_remainder)},
      {"braid_decimal_div_whole", address(&braid_decimal_div_whole)},
      {"called_json_missing", address(&braid_json_missing)},
      {"called_json_text", address(&braid_json_text)},
      {"called_json_integer", address(&braid_json_integer)},
      {"called_json_float", address(&braid_json_float)},
      {"called_json_decimal", address(&braid_json_decimal)},
      {"called_json_boolean", address(&braid_json_boolean)},
      {"called_json_timestamp", address(&braid_json_timestamp)},
      {"called_json_instant", address(&braid_json_instant)},
      {"called_json_date", address(&braid_json_date)},
      {"called_json_symbol", address(&braid_json_symbol)},
      {"called_json_other", address(&braid_json_other)},
      {"called_csv_text", address(&braid_csv_text)},
      {"called_csv_integer", address(&braid_csv_integer)},
      {"called_csv_float", address(&braid_csv_float)},
      {"called_csv_decimal", address(&braid_csv_decimal)},
      {"called_csv_boolean", address(&braid_csv_boolean)},
      {"called_csv_timestamp", address(&braid_csv_timestamp)},
      {"called_csv_date", address(&braid_csv_date)},
      {"called_csv_symbol", address(&braid_csv_symbol)},
      {"called_csv_other", address(&braid_csv_other)},
      {"__divti3", address(&__divti3)},
      {"__modti3", address(&__modti3)},
      {"__udivti3", address(&__udivti3)},
      {"__umodti3", address(&__umodti3)},
      {"__floattidf", address(&__floattidf)},
      {"__floatuntidf", address(&__floatuntidf)},
      {"__fixdfti", address(&__fixdfti)},
  };
  return functions;
}

std::string link_bitcode(Module& module, std::map<std::string, void*>& addresses) {
  llvm::Module& target = *module.module;
  std::set<std::string> kernels;
  for (llvm::Function& function : target)
    if (!function.isDeclaration()) kernels.insert(function.getName().str());
  if (std::string failed = link(target, braid_stdlib_bitcode, braid_stdlib_bitcode_end, "stdlib"); !failed.empty())
    return failed;
  if (std::string failed = link(target, braid_row_bitcode, braid_row_bitcode_end, "row operations"); !failed.empty())
    return failed;
  if (std::string failed = link(target, braid_record_bitcode, braid_record_bitcode_end, "record operations");
      !failed.empty())
    return failed;
  if (names(target, "braid_avro_"))
    if (std::string failed = link(target, braid_avro_bitcode, braid_avro_bitcode_end, "Avro operations");
        !failed.empty())
      return failed;
  if (names(target, "braid_protobuf_"))
    if (std::string failed = link(target, braid_protobuf_bitcode, braid_protobuf_bitcode_end, "Protobuf operations");
        !failed.empty())
      return failed;
  for (llvm::GlobalObject& object : target.global_objects()) {
    if (object.isDeclaration() || kernels.contains(object.getName().str())) continue;
    object.setLinkage(llvm::GlobalValue::InternalLinkage);
    object.setComdat(nullptr);
  }
  drop_unused(target);

  llvm::sys::DynamicLibrary::LoadLibraryPermanently(nullptr);
  for (bool again = true; again;) {
    again = false;
    for (llvm::GlobalObject& object : target.global_objects()) {
      if (!object.isDeclaration() || object.getName().starts_with("llvm.")) continue;
      std::string name = object.getName().str();
      if (find_address(module, addresses, name) != nullptr) continue;
      if (!cut_off(module, &object)) return "generated code needs `" + name + "`, which this process does not offer";
      drop_unused(target);
      again = true;
      break;
    }
  }
  for (llvm::GlobalObject& object : target.global_objects()) {
    if (!object.isDeclaration() || object.getName().starts_with("llvm.")) continue;
    object.setLinkage(llvm::GlobalValue::ExternalLinkage);
    std::string name = object.getName().str();
    addresses[name] = find_address(module, addresses, name);
  }
  return {};
}

}  // namespace braid::codegen
