# What `cmake --install` puts where. Man pages and completions are printed by
# the program itself, so that they cannot go stale.
include(GNUInstallDirs)

set(made ${CMAKE_BINARY_DIR}/share)
# slipway_print(FILE ARGUMENTS...): FILE below `made` is what `slipway ARGUMENTS...` prints.
function(slipway_print file)
  get_filename_component(folder ${made}/${file} DIRECTORY)
  add_custom_command(OUTPUT ${made}/${file}
                     COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
                     COMMAND slipway ${ARGN} > ${made}/${file}
                     DEPENDS slipway)
  set(SLIPWAY_PRINTED ${SLIPWAY_PRINTED} ${made}/${file} PARENT_SCOPE)
endfunction()

slipway_print(man/slipway.1 man slipway.1)
slipway_print(man/slipway.yaml.5 man slipway.yaml.5)
slipway_print(completions/slipway.bash completion bash)
slipway_print(completions/slipway.fish completion fish)
slipway_print(completions/slipway.zsh completion zsh)
slipway_print(slipway.schema.json config schema)
add_custom_target(slipway_share ALL DEPENDS ${SLIPWAY_PRINTED})

set(data ${CMAKE_INSTALL_DATAROOTDIR})
install(TARGETS slipway RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
# What `slipway aws deploy` brings into an account; it looks for them beside bin (src/deploy/aws/settings.cpp).
install(TARGETS slipway_lambda_program slipway-init RUNTIME DESTINATION lib/slipway)
install(FILES ${made}/man/slipway.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${made}/man/slipway.yaml.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES ${made}/completions/slipway.bash DESTINATION ${data}/bash-completion/completions RENAME slipway)
install(FILES ${made}/completions/slipway.fish DESTINATION ${data}/fish/vendor_completions.d)
install(FILES ${made}/completions/slipway.zsh DESTINATION ${data}/zsh/vendor-completions RENAME _slipway)
install(FILES ${made}/slipway.schema.json DESTINATION ${data}/slipway)
install(FILES ${PROJECT_SOURCE_DIR}/packaging/slipway.yaml DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/SECURITY.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/guide ${PROJECT_SOURCE_DIR}/docs/operating
                  ${PROJECT_SOURCE_DIR}/docs/reference DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
# The unit names the program's place, which is known only now (`cmake --install --prefix`).
install(CODE "set(bin \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
set(unit \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/systemd/system/slipway.service\")
message(STATUS \"Installing: \${unit}\")
configure_file(\"${PROJECT_SOURCE_DIR}/packaging/systemd/slipway.service.in\" \"\${unit}\" @ONLY)")
