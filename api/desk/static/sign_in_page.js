import { $ } from "./dom.js";
import { signOut } from "./server.js";
import { setUp } from "./sign_in.js";

setUp(() => location.reload());
$("sign-out")?.addEventListener("click", async () => {
  await signOut();
  location.reload();
});
$("email").focus();
