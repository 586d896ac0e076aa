# shellcheck shell=bash
# What the two builds of OpenCV share. Sourced after lib/pei.sh and lib/vision.sh; definitions only.
# Reads: PEI_STAGE_DIR_1, PEI_PREFIX_ROOT (a directory instead of / that the result is installed below).

# The head of upstream's branch for version 4, which `latest` stands for.
readonly PEI_OPENCV_BRANCH=4.x

pei_opencv_required=(
  build-essential ca-certificates cmake git ninja-build pkg-config
  qt6-base-dev libglx-dev libgl1-mesa-dev libhdf5-dev
)
# Skipped on releases that lack it.
pei_opencv_optional=(libqt6core5compat6-dev)

# pei_opencv_main SCRIPT VARIANT ARGUMENT…: VARIANT is cpu or cuda.
pei_opencv_main() {
  local script="$1" variant="$2" cache root="${PEI_PREFIX_ROOT-}" version
  shift 2
  __pei_opencv_declare "${script}" "${variant}"
  pei_args_parse "$@"
  pei_install_err_trap
  cache="$(__pei_opencv_cache)"
  version="$(pei_arg version)"

  if __pei_opencv_in_place "${variant}" "${version}" && ! pei_arg_on force; then
    pei_log_info "OpenCV for ${variant} is already in ${root}/usr/local"
    return 0
  fi
  if pei_arg_on dry-run; then
    __pei_opencv_plan "${variant}" "${version}" "${cache}"
    return 0
  fi

  pei_require_root
  if [[ "${variant}" == cuda ]]; then __pei_opencv_require_cuda; fi
  vision_apt_install "${pei_opencv_required[@]}" -- "${pei_opencv_optional[@]}"
  __pei_opencv_fetch opencv "${version}" "${cache}"
  __pei_opencv_fetch opencv_contrib "${version}" "${cache}"
  __pei_opencv_build "${variant}" "${cache}"
}

__pei_opencv_declare() {
  local script="$1" variant="$2"
  pei_args_begin "${script}" "Build OpenCV and its contrib modules from source for ${variant^^}, into /usr/local."
  pei_args_path cache-dir '' 'sources and build tree (default: $PEI_STAGE_DIR_1/tmp, else ~/tmp)'
  pei_args_value version VERSION "$(pei_version opencv)" "which release, or latest for the branch ${PEI_OPENCV_BRANCH}"
  pei_args_value jobs NUMBER '' 'how many compilers at a time (default: one a processor)'
  if [[ "${variant}" == cuda ]]; then
    pei_args_value cuda-arch LIST '' "compute capabilities, such as 8.6 (default: the GPU's; none in sight: all)"
  fi
  pei_args_note 'Root: yes. Network: the apt sources and github.com. Sources found in the directory are used as they are.'
}

__pei_opencv_cache() {
  local dir
  dir="$(pei_cache_dir "$(pei_arg cache-dir)")"
  printf '%s\n' "${dir:-${HOME:?is not set}/tmp}"
}

# Checks the installed files: the version, and for CUDA a library that only that build has.
__pei_opencv_in_place() {
  local variant="$1" version="$2" found
  found="$(sed -n 's/^Version: *//p' "${root}/usr/local/lib/pkgconfig/opencv4.pc" 2>/dev/null)" || return 1
  [[ -n "${found}" && ("${version}" == latest || "${found}" == "${version}") ]] || return 1
  [[ "${variant}" == cpu || -e "${root}/usr/local/lib/libopencv_cudev.so" ]]
}

__pei_opencv_ref() {
  if [[ "$1" == latest ]]; then printf '%s\n' "${PEI_OPENCV_BRANCH}"; else printf '%s\n' "$1"; fi
}

__pei_opencv_plan() {
  local variant="$1" ref name
  ref="$(__pei_opencv_ref "$2")"
  pei_plan "install with apt, where missing: ${pei_opencv_required[*]} ${pei_opencv_optional[*]}"
  for name in opencv opencv_contrib; do
    if [[ -d "$3/${name}" ]]; then
      pei_plan "use the sources in $3/${name}"
    else
      pei_plan "clone ${ref} to $3/${name}, from the first that answers:"
      pei_download_places "https://github.com/opencv/${name}.git" | sed 's/^/  /'
    fi
  done
  pei_plan "build for ${variant} in $3/opencv-build and install into ${root}/usr/local"
}

__pei_opencv_require_cuda() {
  local installed
  installed="$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' 'cuda-toolkit-*' 2>/dev/null)" || installed=''
  grep -q '^installed ' <<<"${installed}" || pei_die 'no package cuda-toolkit-* is installed; the CUDA build needs one'
}

# __pei_opencv_fetch NAME VERSION CACHE: uses an existing clone, whatever its version.
__pei_opencv_fetch() {
  local name="$1" dir="$3/$1"
  if [[ -d "${dir}" ]]; then
    pei_log_info "using the sources in ${dir}"
  else
    pei_git_clone --url "https://github.com/opencv/${name}.git" --ref "$(__pei_opencv_ref "$2")" --to "${dir}"
  fi
}

# The compute capability of the first GPU, or nothing: a build sees no GPU as a rule.
__pei_opencv_gpu_arch() {
  local answer
  command -v nvidia-smi >/dev/null 2>&1 || return 0
  answer="$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null)" || return 0
  head -n 1 <<<"${answer}"
}

# CMake's options, a line each.
__pei_opencv_cmake_options() {
  local variant="$1" cache="$2" arch
  printf '%s\n' -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_INSTALL_PREFIX=/usr/local -DCMAKE_INSTALL_LIBDIR=lib \
    -DBUILD_opencv_apps=OFF -DBUILD_opencv_legacy=OFF -DBUILD_opencv_python2=OFF -DBUILD_opencv_python3=OFF \
    -DBUILD_DOCS=OFF -DBUILD_EXAMPLES=OFF -DBUILD_TESTS=OFF -DBUILD_PERF_TESTS=OFF \
    -DOPENCV_GENERATE_PKGCONFIG=ON -DWITH_QT=ON \
    "-DOPENCV_EXTRA_MODULES_PATH=${cache}/opencv_contrib/modules" \
    "-DOPENCV_DOWNLOAD_PATH=${cache}/opencv-downloads"
  [[ "${variant}" == cuda ]] || return 0
  printf '%s\n' -DWITH_CUDA=ON -DOPENCV_DNN_CUDA=ON
  arch="$(pei_arg cuda-arch)"
  if [[ -z "${arch}" ]]; then arch="$(__pei_opencv_gpu_arch)"; fi
  if [[ -n "${arch}" ]]; then
    printf -- '-DCUDA_ARCH_BIN=%s\n' "${arch}"
  else
    pei_log_warn 'no GPU in sight: building for every compute capability, which takes long; --cuda-arch narrows it'
  fi
}

# The build tree goes whether the build succeeds or not. /usr/local sees nothing of a build that fails, because
# the result is collected in a directory first.
__pei_opencv_build() {
  local variant="$1" cache="$2" names jobs
  local -a options
  names="$(__pei_opencv_cmake_options "${variant}" "${cache}")"
  mapfile -t options <<<"${names}"
  jobs="$(pei_arg jobs)"
  PEI_OPENCV_TREE="${cache}/opencv-build"
  pei_tmp_dir_init
  rm -rf -- "${PEI_OPENCV_TREE}"
  {
    cmake -G Ninja -S "${cache}/opencv" -B "${PEI_OPENCV_TREE}" "${options[@]}"
    cmake --build "${PEI_OPENCV_TREE}" --parallel "${jobs:-$(nproc)}"
    DESTDIR="${PEI_OPENCV_TREE}/result" cmake --install "${PEI_OPENCV_TREE}"
  } >&2
  mkdir -p -- "${root}/usr/local"
  cp -a --no-preserve=ownership -- "${PEI_OPENCV_TREE}/result/usr/local/." "${root}/usr/local/"
  ldconfig
  pei_record tool name=opencv path="${root}/usr/local" -- version="$(__pei_opencv_ref "$(pei_arg version)")"
  pei_log_info "OpenCV for ${variant} is in ${root}/usr/local"
}

# lib/tmp.sh calls this when the script ends, however it ends.
pei_on_exit() {
  if [[ -n "${PEI_OPENCV_TREE-}" ]]; then rm -rf -- "${PEI_OPENCV_TREE}"; fi
}
